//! The program as an operator meets it: started, asked, stopped, and refusing in words.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The program with an environment of its own, in a folder without a settings file.
fn cognate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COGNATE_")) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// A server that runs until it is stopped, or the test fails.
struct Running {
    process: Child,
    address: String,
    /// What it printed before it listened.
    printed: String,
}

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = cognate(folder, arguments);
        command
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "none"])
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut printed = String::new();
        let address = loop {
            let line = lines.next().expect("it listens");
            match line.strip_prefix("listening on http://") {
                Some(address) => break address.to_owned(),
                None => printed.push_str(&(line + "\n")),
            }
        };
        Self {
            process,
            address,
            printed,
        }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ))
    }

    fn call(&self, operation: &str, headers: &str, body: &str) -> String {
        self.ask(&format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: AWSCognitoIdentityProviderService.{operation}\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args([name, &self.process.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a start that is refused says: one line.
fn refusal(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words.lines().count(), 1, "{words}");
    words
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    refusal(
        cognate(folder, arguments)
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "none"])
            .output()
            .unwrap(),
    )
}

#[test]
fn a_signal_ends_the_server_in_order() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Running::start(folder.path(), &["serve"]);
        assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
        server.signal(signal);
        assert_eq!(server.process.wait().unwrap().code(), Some(0));
        assert!(folder.path().join("cognate-data/master.key").exists());
    }
}

#[test]
fn serve_asks_for_a_signature() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["serve"]);
    let answer = server.call("ListUserPools", "", r#"{"MaxResults":1}"#);
    assert!(
        answer.starts_with("HTTP/1.1 400")
            && answer.contains("MissingAuthenticationTokenException"),
        "{answer}"
    );
    assert!(server.get("/demo/").starts_with("HTTP/1.1 404"));
    assert!(server.get("/dev/inbox").starts_with("HTTP/1.1 404"));
}

#[test]
fn dev_asks_nobody_but_pages_of_other_machines_get_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--no-demo"]);
    let ours = server.call(
        "ListUserPools",
        "origin: http://localhost:3000\r\n",
        r#"{"MaxResults":1}"#,
    );
    assert!(
        ours.starts_with("HTTP/1.1 200") && ours.ends_with(r#"{"UserPools":[]}"#),
        "{ours}"
    );
    let theirs = server.call(
        "ListUserPools",
        "origin: https://evil.example\r\n",
        r#"{"MaxResults":1}"#,
    );
    assert!(theirs.contains("AccessDeniedException"), "{theirs}");
}

#[test]
fn the_demo_pool_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let pool_of = |server: &Running| {
        let line = server
            .printed
            .lines()
            .find(|line| line.contains("User pool"))
            .unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let first = Running::start(folder.path(), &["dev"]);
    let (pool, config) = (pool_of(&first), first.get("/demo/config.json"));
    assert!(config.contains(&pool), "{config}");
    drop(first);
    let second = Running::start(folder.path(), &["dev"]);
    assert_eq!(pool_of(&second), pool);
    assert_eq!(
        second.get("/demo/config.json").lines().last(),
        config.lines().last()
    );
}

#[test]
fn the_demo_site_is_linked_by_a_name_for_which_passkeys_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev"]);
    let (_, port) = server.address.split_once(':').unwrap();
    let link = format!("Demo site    http://localhost:{port}/demo/\n");
    assert!(server.printed.contains(&link), "{}", server.printed);
}

/// A demo pool as earlier versions made it, with a setting of somebody's own.
const OLDER_POOL: &str = r#"{"PoolName":"Cognate demo","UsernameAttributes":["email"],
    "AutoVerifiedAttributes":["email"],"EmailVerificationSubject":"Ahoy",
    "Policies":{"PasswordPolicy":{"MinimumLength":9,"RequireUppercase":true}}}"#;

#[test]
fn a_demo_pool_of_an_earlier_version_gets_what_the_site_needs_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = Running::start(folder.path(), &["dev", "--no-demo"]);
    let made = earlier.call("CreateUserPool", "", OLDER_POOL);
    let pool = member(&made, "Id");
    let client = format!(
        r#"{{"UserPoolId":"{pool}","ClientName":"Cognate demo site","ReadAttributes":["email"],"ExplicitAuthFlows":["ALLOW_USER_SRP_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}}"#
    );
    earlier.call("CreateUserPoolClient", "", &client);
    drop(earlier);
    for _ in ["the first start", "the next"] {
        let server = Running::start(folder.path(), &["dev"]);
        let config = server.get("/demo/config.json");
        assert_eq!(member(&config, "userPoolId"), pool);
        for feature in [
            r#""authenticatorApps":true"#,
            r#""passkeys":{"relyingPartyId":"localhost","standForBoth":true}"#,
            r#""sessions":true"#,
            r#""minimumLength":9"#,
        ] {
            assert!(config.contains(feature), "{feature} in {config}");
        }
        let named = format!(r#"{{"UserPoolId":"{pool}"}}"#);
        let described = server.call("DescribeUserPool", "", &named);
        for kept in [
            r#""EmailVerificationSubject":"Ahoy""#,
            r#""AutoVerifiedAttributes":["email"]"#,
            r#""MfaConfiguration":"OPTIONAL""#,
        ] {
            assert!(described.contains(kept), "{kept} in {described}");
        }
        let client = member(&config, "clientId");
        let named = format!(r#"{{"UserPoolId":"{pool}","ClientId":"{client}"}}"#);
        let described = server.call("DescribeUserPoolClient", "", &named);
        for kept in [
            r#""ReadAttributes":["email"]"#,
            r#"["ALLOW_USER_SRP_AUTH","ALLOW_REFRESH_TOKEN_AUTH","ALLOW_USER_AUTH"]"#,
        ] {
            assert!(described.contains(kept), "{kept} in {described}");
        }
    }
}

#[test]
fn a_demo_pool_that_cannot_have_what_the_site_needs_is_served_without() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = Running::start(folder.path(), &["dev", "--no-demo"]);
    let least = OLDER_POOL.replacen('{', r#"{"UserPoolTier":"LITE","#, 1);
    earlier.call("CreateUserPool", "", &least);
    drop(earlier);
    let server = Running::start(folder.path(), &["dev"]);
    let config = server.get("/demo/config.json");
    assert!(
        config.contains(r#""passkeys":null,"sessions":false"#),
        "{config}"
    );
}

/// A text in an answer, by the name of its member.
fn member(answer: &str, name: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn dev_and_serve_refuse_each_others_data() {
    let folder = tempfile::tempdir().unwrap();
    drop(Running::start(
        folder.path(),
        &["dev", "--no-demo", "--data-dir", "dev"],
    ));
    drop(Running::start(
        folder.path(),
        &["serve", "--data-dir", "serve"],
    ));
    assert!(
        refused(folder.path(), &["serve", "--data-dir", "dev"]).contains("made by cognate dev")
    );
    assert!(
        refused(folder.path(), &["dev", "--data-dir", "serve"]).contains("made by cognate serve")
    );
    let key = cognate(folder.path(), &["access-key", "list", "--data-dir", "dev"])
        .output()
        .unwrap();
    assert!(refusal(key).contains("made by cognate dev"));
}

#[test]
fn dev_listens_on_loopback_unless_more_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let output = cognate(
        folder.path(),
        &["dev", "--listen", "0.0.0.0:0", "--admin-listen", "none"],
    )
    .output()
    .unwrap();
    assert!(refusal(output).contains("--allow-remote"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_port_in_use_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["serve"]);
    let output = cognate(
        folder.path(),
        &[
            "serve",
            "--data-dir",
            "other",
            "--admin-listen",
            "none",
            "--listen",
            &server.address,
        ],
    )
    .output()
    .unwrap();
    let words = refusal(output);
    assert!(
        words.starts_with("cognate: port ") && words.contains("is in use"),
        "{words}"
    );
    assert!(!folder.path().join("other").exists());
}

#[test]
fn a_wrong_master_key_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    drop(Running::start(folder.path(), &["serve"]));
    let output = cognate(folder.path(), &["access-key", "list"])
        .env("COGNATE_MASTER_KEY", "0123456789abcdef".repeat(4))
        .output()
        .unwrap();
    assert!(refusal(output).contains("the master key does not open this database"));
}

#[test]
fn an_access_key_is_shown_once_and_listed_without_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = cognate(folder.path(), &[&["access-key"], arguments].concat())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (_, made) = run(&["create", "--name", "robot"]);
    let lines: Vec<_> = made
        .lines()
        .map(|line| line.split_whitespace().last().unwrap())
        .collect();
    let [id, secret] = lines[..] else {
        panic!("{made}")
    };
    assert!(id.starts_with("AKIA") && secret.len() == 40 && made.contains("secret"));
    let (_, listed) = run(&["list"]);
    assert!(listed.contains(id) && listed.contains("robot") && !listed.contains(secret));
    let (_, listed) = run(&["list", "--json"]);
    let member = |name, value| format!("\"{name}\":\"{value}\"");
    assert!(listed.contains(&member("access_key_id", id)) && listed.lines().count() == 1);
    assert!(listed.contains(&member("name", "robot")) && listed.contains("\"made_at\":\"20"));
    assert_eq!(run(&["delete", "robot"]).0, Some(0));
    assert_eq!(run(&["delete", "robot"]).0, Some(1));
    assert_eq!(run(&["list"]).1, "");
}

#[test]
fn a_mistyped_data_folder_is_refused_by_what_only_reads_and_told_by_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    for action in [&["list"][..], &["delete", "robot"]] {
        let arguments = [&["access-key"], action, &["--data-dir", "typo"]].concat();
        let words = refusal(cognate(folder.path(), &arguments).output().unwrap());
        assert!(
            words.contains("typo is no data folder of Cognate"),
            "{words}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let create = |name| {
        let arguments = ["access-key", "create", "--name", name, "--data-dir", "typo"];
        let output = cognate(folder.path(), &arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        create("a"),
        "made the data folder typo, with a new database\n"
    );
    assert_eq!(create("b"), "");
    std::fs::remove_file(folder.path().join("typo/master.key")).unwrap();
    let list = ["access-key", "list", "--data-dir", "typo"];
    let words = refusal(cognate(folder.path(), &list).output().unwrap());
    assert!(words.contains("put it back"), "{words}");
}

#[test]
fn a_server_without_an_access_key_says_so_with_the_command_that_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let log_of_a_start = || {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = cognate(folder.path(), &["serve", "--data-dir", "data"]);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "none"]);
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let listening = lines
            .map(Result::unwrap)
            .any(|line| line.starts_with("listening on"));
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(listening);
        std::fs::read_to_string(folder.path().join("log")).unwrap()
    };
    let command = "cognate access-key create --name admin --data-dir data";
    assert!(log_of_a_start().contains(command));
    let words: Vec<_> = command.split(' ').skip(1).collect();
    assert!(
        cognate(folder.path(), &words)
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(!log_of_a_start().contains("access key"));
}

#[test]
fn a_policy_with_a_condition_is_refused_and_no_key_made() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("policy.json"),
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}"#,
    )
    .unwrap();
    let output = cognate(
        folder.path(),
        &[
            "access-key",
            "create",
            "--name",
            "x",
            "--policy",
            "policy.json",
        ],
    )
    .output()
    .unwrap();
    let refusal = refusal(output);
    let why = "policy.json cannot be taken: Statement.Condition is empty, and would never match";
    assert_eq!(refusal.matches(why).count(), 1, "{refusal}");
    assert_eq!(refusal.matches("Condition").count(), 1, "{refusal}");
    assert!(!folder.path().join("cognate-data").exists());
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("cognate.toml"),
        "lambda-endpoint = \"http://127.0.0.1:1\"\nregion = \"not a region\"",
    )
    .unwrap();
    assert!(refused(folder.path(), &["serve"]).contains("triggers are not built"));
    std::fs::write(
        folder.path().join("cognate.toml"),
        "region = \"from the file\"",
    )
    .unwrap();
    assert!(refused(folder.path(), &["serve"]).contains("from the file"));
    let with_environment = |arguments: &[&str]| {
        let mut command = cognate(folder.path(), arguments);
        refusal(
            command
                .env("COGNATE_REGION", "from the environment")
                .args(["--listen", "127.0.0.1:0", "--admin-listen", "none"])
                .output()
                .unwrap(),
        )
    };
    assert!(with_environment(&["serve"]).contains("from the environment"));
    assert!(with_environment(&["serve", "--region", "from the flag"]).contains("from the flag"));
}

#[test]
fn help_shows_no_secret_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = cognate(folder.path(), &["serve", "--help"]);
    for name in [
        "SMTP_URL",
        "SMS_URL",
        "DATABASE_URL",
        "MASTER_KEY",
        "LAMBDA_ENDPOINT",
    ] {
        command.env(format!("COGNATE_{name}"), "hunter2");
    }
    let output = command.output().unwrap();
    assert!(output.status.success());
    assert!(
        !String::from_utf8(output.stdout)
            .unwrap()
            .contains("hunter2")
    );
}

#[test]
fn unconfirmed_users_are_listed_and_deleted_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev"]);
    let config = server.get("/demo/config.json");
    let (pool, client) = (member(&config, "userPoolId"), member(&config, "clientId"));
    for name in ["ana", "eve"] {
        let body = format!(
            r#"{{"ClientId":"{client}","Username":"{name}@example.com","Password":"Correct-Horse-1"}}"#
        );
        let answer = server.call("SignUp", "", &body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let run = |arguments: &[&str]| {
        let place = ["--data-dir", "cognate-dev-data", "--user-pool-id", &pool];
        let output = cognate(folder.path(), &["unconfirmed-users"])
            .args(arguments)
            .args(place)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(&["list", "--older-than", "1d"]), "");
    assert_eq!(run(&["list", "--older-than", "0m"]).lines().count(), 2);
    let told = run(&["delete", "--older-than", "0m"]);
    assert_eq!(told, "2 to delete; add --yes to delete them\n");
    assert_eq!(
        run(&["delete", "--older-than", "0m", "--yes"]),
        "2 deleted\n"
    );
    assert_eq!(run(&["list", "--older-than", "0m"]), "");
}

#[test]
fn recovery_codes_are_reset_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev"]);
    let line = server
        .printed
        .lines()
        .find(|line| line.contains("User pool"));
    let pool = line.unwrap().split_whitespace().last().unwrap();
    let run = |username| {
        let place = ["--data-dir", "cognate-dev-data", "--user-pool-id", pool];
        cognate(folder.path(), &["recovery-codes", "reset"])
            .args(place)
            .args(["--username", username])
            .output()
            .unwrap()
    };
    let output = run("nobody@example.com");
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    let expected = "the user pool has no user «nobody@example.com»";
    assert!(told.contains(expected), "{told}");
    let members = format!(r#"{{"UserPoolId":"{pool}","Username":"ana@example.com"}}"#);
    let answer = server.call("AdminCreateUser", "", &members);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let output = run("ana@example.com");
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, "the user has no recovery codes\n");
}

#[test]
fn a_user_pool_moves_between_servers_that_run() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Running::start(old.path(), &["dev"]);
    let _other = Running::start(new.path(), &["dev"]);
    let made = server.call("CreateUserPool", "", r#"{"PoolName":"people"}"#);
    let pool = member(&made, "Id");
    let members = format!(r#"{{"UserPoolId":"{pool}","Username":"=ana"}}"#);
    let answer = server.call("AdminCreateUser", "", &members);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let run = |folder: &Path, arguments: &[&str]| {
        let output = cognate(folder, arguments)
            .args(["--data-dir", "cognate-dev-data"])
            .env("COGNATE_BACKUP_PASSPHRASE", "correct horse battery staple")
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), told, output.stdout)
    };
    let file = old.path().join("people.pool");
    let file = file.to_str().unwrap();
    let (is_done, told, _) = run(old.path(), &["export", &pool, file]);
    assert!(is_done && told.contains("users: 1 rows"), "{told}");
    let (is_done, told, _) = run(new.path(), &["import-pool", file]);
    let expected = format!("the user pool {pool} (people) is here");
    assert!(is_done && told.contains(&expected), "{told}");
    let (is_done, told, _) = run(new.path(), &["import-pool", file]);
    assert!(!is_done && told.contains("is here already"), "{told}");
    let plain = ["export", &pool, "-", "--without-secrets"];
    let (is_done, told, csv) = run(new.path(), &plain);
    assert!(is_done && told.contains("1 users are written"), "{told}");
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.ends_with(",false,'=ana,\r\n"), "{csv}");
    let (is_done, told, _) = run(new.path(), &["export", "eu-west-1_Nobody", "x"]);
    let expected = "there is no user pool «eu-west-1_Nobody»";
    assert!(!is_done && told.contains(expected), "{told}");
    // A backup is no export, and an export is no backup.
    let (is_done, told, _) = run(new.path(), &["restore", file]);
    assert!(
        !is_done && told.contains("this is no Cognate backup"),
        "{told}"
    );
}

#[test]
fn signing_keys_are_rotated_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev"]);
    let line = server
        .printed
        .lines()
        .find(|line| line.contains("User pool"));
    let pool = line.unwrap().split_whitespace().last().unwrap();
    let run = |action| {
        let place = ["--data-dir", "cognate-dev-data", "--user-pool-id", pool];
        let output = cognate(folder.path(), &["signing-key", action])
            .args(place)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let published = || {
        let keys = server.get(&format!("/{pool}/.well-known/jwks.json"));
        assert!(keys.starts_with("HTTP/1.1 200"), "{keys}");
        keys
    };
    let before = published();
    let rotated = run("rotate");
    let kids: Vec<_> = rotated
        .lines()
        .take(2)
        .map(|line| line.split_whitespace().last().unwrap())
        .collect();
    let listed = run("list");
    assert_eq!(listed.lines().count(), 4);
    assert!(kids.iter().all(|kid| listed.contains(kid)));
    // The server looks within a second of its last look, which was before the rotation.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
    while !kids.iter().all(|kid| published().contains(kid)) {
        assert!(std::time::Instant::now() < deadline, "{}", published());
    }
    assert!(kids.iter().all(|kid| !before.contains(kid)));
    assert_eq!(published().matches("\"kid\"").count(), 4);
}

#[test]
fn signing_keys_of_nobody_are_refused_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let rotate = |pool: &str| {
        let arguments = ["signing-key", "rotate", "--user-pool-id", pool];
        refusal(cognate(folder.path(), &arguments).output().unwrap())
    };
    assert!(rotate("us-east-1_Nobody123").contains("there is no master key at"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(Running::start(folder.path(), &["serve"]));
    assert!(rotate("us-east-1_Nobody123").contains("there is no user pool «us-east-1_Nobody123»"));
}

#[test]
fn a_change_of_a_pool_is_planned_begun_and_goes_on_without_its_command() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--no-demo"]);
    let sensitive = r#"{"PoolName":"people","UsernameConfiguration":{"CaseSensitive":true}}"#;
    let pool = member(&server.call("CreateUserPool", "", sensitive), "Id");
    for name in ["Ana", "ANA"] {
        let input =
            format!(r#"{{"UserPoolId":"{pool}","Username":"{name}","MessageAction":"SUPPRESS"}}"#);
        server.call("AdminCreateUser", "", &input);
    }
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file(
        "case.json",
        r#"{"UsernameConfiguration":{"CaseSensitive":false}}"#,
    );
    file("alias.json", r#"{"AliasAttributes":["email"]}"#);
    let run = |arguments: &[&str]| {
        let data = ["--data-dir", "cognate-dev-data"];
        let arguments = [&["pool"], arguments, &data].concat();
        cognate(folder.path(), &arguments)
    };
    let told = |arguments: &[&str]| {
        let output = run(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let output = run(&["plan", &pool, "--change", "case.json", "--json"]).output();
    let output = output.unwrap();
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.contains(r#""conflict":"name-taken""#), "{lines}");
    assert!(refusal(output).contains("1 conflicts among 2 users"));
    let nobody = told(&["plan", &pool, "--change", "alias.json"]);
    assert_eq!(nobody, "2 users, and nobody stands in the way\n");
    assert_eq!(told(&["status", &pool]), "the pool was never changed\n");
    let unknown = run(&["plan", &pool, "--change", "no.json"])
        .output()
        .unwrap();
    assert!(refusal(unknown).contains("«no.json» cannot be read"));

    let mut apply = run(&["apply", &pool, "--change", "alias.json"]);
    let mut apply = apply.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(apply.stderr.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "reserving");
    apply.kill().unwrap();
    apply.wait().unwrap();
    assert!(told(&["status", &pool]).starts_with("reserving since "));
    let other = run(&["apply", &pool, "--change", "case.json"])
        .output()
        .unwrap();
    assert!(refusal(other).contains("another change of this pool is under way"));
}
