//! Commands that work on the database of a server that runs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::{Running, cognate, member, refusal};

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
