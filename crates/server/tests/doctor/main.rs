//! `cognate doctor`: each trouble is made as people make it, and has to be told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod desk;
mod others;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use desk::{Desk, Running, told};
use others::{answering, mail_server, proxy_to};

#[test]
fn a_server_that_runs_well_is_well_and_doctor_leaves_it_as_it_is() {
    let desk = Desk::with_data();
    let (_server, address) = desk.serve(&[]);
    let listing = || {
        let entries = fs::read_dir(desk.path("cognate-data")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = listing();
    let told = desk.doctor(&["--listen", &address]);
    assert_eq!(told.status, 0, "{}", told.all);
    told.says("ok", "leads to a server of this installation, version 0.");
    told.says("ok", "without a proxy");
    told.says("ok", "access keys: 1");
    told.says("ok", "up to date");
    told.says("ok", "open files for the server that runs here");
    told.says("ok", "the clock at the public URL and this machine's agree");
    told.says("warning", "lies beside the database");
    told.says("warning", "there is no mail server");
    assert_eq!(listing(), before);
}

#[test]
fn people_read_lines_and_the_status_tells_of_errors() {
    let desk = Desk::with_data();
    let output = desk
        .command(&["doctor", "--listen", "127.0.0.1:1"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("\n         mend: ") && text.contains("errors: 0, warnings: "),
        "{text}"
    );
    desk.set_mode("cognate-data/master.key", 0o644);
    let output = desk.command(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words, "cognate: doctor has found an error\n");
}

#[test]
fn where_nothing_is_nothing_is_made() {
    let desk = Desk::new();
    let told = desk.doctor(&["--data-dir", "typo"]);
    told.says("error", "typo is no data folder of Cognate");
    assert_eq!(fs::read_dir(desk.0.path()).unwrap().count(), 0);
}

#[test]
fn settings_that_serve_refuses_are_told() {
    let desk = Desk::with_data();
    fs::write(desk.path("cognate.toml"), "[limits]\nsign-ups = 3").unwrap();
    let told = desk.doctor(&[]);
    told.says("error", "an unknown key in [limits]: sign-ups");
}

#[test]
fn files_that_others_can_read_are_told_and_no_secret_in_them() {
    let desk = Desk::with_data();
    let settings =
        "smtp-url = \"smtp://ana:hunter2@127.0.0.1:1\"\nno-demo = true\nlisten = \"127.0.0.1:1\"";
    fs::write(desk.path("cognate.toml"), settings).unwrap();
    desk.set_mode("cognate.toml", 0o644);
    desk.set_mode("cognate-data", 0o755);
    desk.set_mode("cognate-data/cognate.db", 0o644);
    let told = desk.doctor(&[]);
    told.says(
        "error",
        "holds a password (smtp-url) and can be read by others (mode 644)",
    );
    told.says("warning", "cognate-data is open to others");
    told.says("warning", "cognate.db is open to others");
    told.says("warning", "only cognate dev reads: no-demo");
    told.is_silent_about("hunter2");
    desk.set_mode("cognate.toml", 0o600);
    desk.set_mode("cognate-data", 0o700);
    desk.set_mode("cognate-data/cognate.db", 0o600);
    let told = desk.doctor(&[]);
    told.is_silent_about("holds a password");
    told.is_silent_about("open to others");
    desk.set_mode("cognate-data/master.key", 0o640);
    desk.doctor(&[])
        .says("error", "master.key can be read by others");
}

#[test]
fn a_wrong_master_key_and_a_rotation_that_was_cut_are_told_and_left() {
    let desk = Desk::with_data();
    let mut other = desk.command(&["doctor", "--json"]);
    other.env("COGNATE_MASTER_KEY", "0123456789abcdef".repeat(4));
    told(other).says("error", "the master key does not open this database");
    let waiting = "cognate-data/master.key.new";
    desk.does(&["master-key", "rotate", "--new-master-key-file", waiting]);
    let told = desk.doctor(&[]);
    let found = told.says("error", "the master key does not open this database");
    assert!(
        found["mend"]
            .as_str()
            .unwrap()
            .contains("a rotation of the master key was cut")
    );
    assert!(desk.path(waiting).exists());
}

/// Runs `cognate dev` until it listens.
fn develop(desk: &Desk, arguments: &[&str]) {
    let mut command = desk.command(&["dev", "--no-demo"]);
    command.args(["--listen", "127.0.0.1:0", "--admin-listen", "none"]);
    command.args(arguments).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let _server = Running(process);
    assert!(lines.any(|line| line.unwrap().starts_with("listening on")));
}

#[test]
fn a_database_of_development_is_an_error() {
    let desk = Desk::new();
    develop(&desk, &["--data-dir", "x"]);
    let told = desk.doctor(&["--data-dir", "x"]);
    told.says("error", "made by cognate dev");
    told.says("warning", "there is no access key");
}

#[test]
fn where_only_developments_folder_lies_it_is_looked_at_and_is_no_error() {
    let desk = Desk::new();
    develop(&desk, &[]);
    let told = desk.doctor(&[]);
    told.says("ok", "this is the database of cognate dev");
    assert_eq!(told.status, 0, "{}", told.all);
    let setting = desk.command(&["setting", "list", "us-east-1_nobody"]);
    let output = { setting }.output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("there is no user pool"), "{words}");
    // The other one is meant as soon as it is there.
    desk.does(&["access-key", "create", "--name", "robot"]);
    desk.doctor(&[]).says("ok", "access keys: 1");
}

#[test]
fn a_certificate_of_another_name_with_a_key_for_everybody_is_told() {
    let desk = Desk::with_data();
    let made = rcgen::generate_simple_self_signed(["other.example".to_owned()]).unwrap();
    fs::write(desk.path("cert.pem"), made.cert.pem()).unwrap();
    fs::write(desk.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    desk.set_mode("key.pem", 0o644);
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let (_server, address) = desk.serve(&tls);
    let url = format!("https://{address}");
    let arguments = [&tls[..], &["--listen", &address, "--public-url", &url]].concat();
    let told = desk.doctor(&arguments);
    told.says(
        "error",
        "the certificate is not for 127.0.0.1, the public URL's host, but for",
    );
    told.says(
        "error",
        "everybody on this machine can read the key key.pem",
    );
    told.says("warning", "trusts no authority");
    told.says("error", "its certificate is not trusted");
    let plain = format!("http://{address}");
    let arguments = [&tls[..], &["--listen", &address, "--public-url", &plain]].concat();
    desk.doctor(&arguments).says(
        "error",
        "the listener speaks HTTPS, and the public URL is http://",
    );
    fs::write(desk.path("key.pem"), "no key").unwrap();
    desk.doctor(&tls)
        .says("error", "the private key key.pem cannot be read");
}

#[test]
fn another_server_at_the_public_url_is_told() {
    let desk = Desk::with_data();
    let (_server, address) = desk.serve(&["--data-dir", "other"]);
    let told = desk.doctor(&["--public-url", &format!("http://{address}")]);
    told.says("error", "is no server of this installation (status 404)");
    // One that answers everything is none either.
    let site = answering(|mut client, _| {
        let _ = client
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi");
    });
    let told = desk.doctor(&["--public-url", &format!("http://{site}")]);
    told.says("error", "is no server of this installation (status 200)");
    let broken = answering(|mut client, _| {
        let _ = client.write_all(
            b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
    });
    let told = desk.doctor(&["--public-url", &format!("http://{broken}")]);
    told.says("error", "answers 502: it does not reach the server");
    let elsewhere = answering(|mut client, _| {
        let _ = client.write_all(b"HTTP/1.1 301 Moved\r\nlocation: https://x.example/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let told = desk.doctor(&["--public-url", &format!("http://{elsewhere}")]);
    told.says("error", "leads elsewhere (301 to https://x.example/)");
}

#[test]
fn a_url_that_nobody_answers_is_an_error_while_the_server_runs() {
    let desk = Desk::with_data();
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{gone}");
    let told = desk.doctor(&["--public-url", &url, "--listen", "127.0.0.1:1"]);
    told.says("warning", "and no server runs on 127.0.0.1:1");
    let (_server, address) = desk.serve(&[]);
    let told = desk.doctor(&["--public-url", &url, "--listen", &address]);
    told.says("error", "a server runs here, and http://127.0.0.1:");
}

#[test]
fn a_proxy_is_looked_through() {
    let desk = Desk::with_data();
    let (_server, address) = desk.serve(&[]);
    let forwarding = proxy_to(&address, "x-forwarded-for: 203.0.113.9\r\n");
    let doctor = |proxy: &str| {
        desk.doctor(&[
            "--listen",
            "127.0.0.1:1",
            "--public-url",
            &format!("http://{proxy}"),
        ])
    };
    let told = doctor(&forwarding);
    let found = told.says(
        "error",
        "127.0.0.1 sends X-Forwarded-For, and --trusted-proxy does not name it",
    );
    assert!(
        found["mend"]
            .as_str()
            .unwrap()
            .starts_with("--trusted-proxy 127.0.0.1")
    );
    let (_trusting, address) = desk.serve(&["--trusted-proxy", "127.0.0.1"]);
    let told = doctor(&proxy_to(&address, "x-forwarded-for: 203.0.113.9\r\n"));
    told.says(
        "ok",
        "is seen as 203.0.113.9, as the trusted proxy 127.0.0.1 tells",
    );
    let told = doctor(&proxy_to(&address, "x-forwarded-for: unknown\r\n"));
    told.says(
        "error",
        "tells no address of a client in X-Forwarded-For: «unknown»",
    );
}

#[test]
fn https_that_the_listener_does_not_speak_means_a_proxy() {
    let desk = Desk::with_data();
    let told = desk.doctor(&["--public-url", "https://127.0.0.1:1"]);
    told.says("error", "--trusted-proxy names none");
    let told = desk.doctor(&[
        "--public-url",
        "https://127.0.0.1:1",
        "--trusted-proxy",
        "127.0.0.1",
    ]);
    told.is_silent_about("--trusted-proxy names none");
}

#[test]
fn a_clock_that_is_wrong_is_told() {
    let desk = Desk::with_data();
    let site = answering(|mut client, _| {
        let _ = client.write_all(b"HTTP/1.1 404 Not Found\r\ndate: Sun, 30 Aug 2015 12:36:00 GMT\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let told = desk.doctor(&["--public-url", &format!("http://{site}")]);
    told.says("error", "s behind this machine's");
}

#[test]
fn the_mail_server_is_spoken_with_and_sent_nothing() {
    let desk = Desk::with_data();
    let doctor = |address: &str| {
        let url = format!("smtp://ana:hunter2@{address}?starttls=never");
        let told = desk.doctor(&["--smtp-url", &url, "--mail-from", "id@example.com"]);
        told.is_silent_about("hunter2");
        told
    };
    let (address, heard) = mail_server("");
    doctor(&address).says(
        "ok",
        "takes user and password and mail from id@example.com; nothing was sent",
    );
    let heard = heard.lock().unwrap().join(" ");
    assert!(
        heard.contains("AUTH MAIL RSET") && !heard.contains("RCPT") && !heard.contains("DATA"),
        "{heard}"
    );
    doctor(&mail_server("MAIL").0).says("error", "the mail server refused the sender: 550");
    doctor(&mail_server("AUTH").0).says("error", "the mail server refused the authentication: 550");
    doctor("127.0.0.1:1").says("error", "no connection to the mail server");
    let told = desk.doctor(&["--smtp-url", &format!("smtp://{address}")]);
    told.says("warning", "mail comes from no-reply@localhost");
    desk.doctor(&["--smtp-url", "mail.example"])
        .says("error", "the SMTP URL must look like");
}

#[test]
fn the_sms_endpoint_is_asked_and_given_nothing() {
    let desk = Desk::with_data();
    let doctor = |url: &str| desk.doctor(&["--sms-url", url]);
    let endpoint = answering(|mut client, head| {
        let status = match head.starts_with("HEAD ") {
            true => "405 Method Not Allowed",
            false => "500 A message came",
        };
        let _ =
            client.write_all(format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n").as_bytes());
    });
    let told = doctor(&format!("http://key:hunter2@{endpoint}/send"));
    told.says(
        "ok",
        "the SMS endpoint answers (405 to a question without a message)",
    );
    told.says("warning", "text messages go to any country");
    told.is_silent_about("hunter2");
    let strict = answering(|mut client, _| {
        let _ = client.write_all(b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n");
    });
    doctor(&format!("http://{strict}"))
        .says("warning", "refuses a question without a message (401)");
    doctor("http://127.0.0.1:1").says("error", "the SMS endpoint does not answer");
    doctor("sms.example").says("error", "the SMS URL must start with");
}

#[test]
fn what_is_open_to_the_world_is_told() {
    let desk = Desk::with_data();
    let doctor =
        |arguments: &[&str]| desk.doctor(&[arguments, &["--listen", "0.0.0.0:1"]].concat());
    doctor(&["--admin-listen", "0.0.0.0:9230"]).says("error", "is open to the world");
    doctor(&["--admin-listen", "10.0.0.1:9230"])
        .says("warning", "the network there can read /metrics");
    doctor(&[]).says("error", "which is this machine for everybody");
    // No name ends so (RFC 6761).
    let told = desk.doctor(&["--public-url", "http://id.invalid"]);
    told.says("error", "is not HTTPS");
}

#[test]
fn more_connections_than_files_of_a_shell_are_a_warning() {
    let desk = Desk::with_data();
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "ulimit -n 512; exec \"$0\" doctor --json --listen 127.0.0.1:1",
            env!("CARGO_BIN_EXE_cognate"),
        ])
        .current_dir(desk.0.path());
    told(command).says("warning", "512 open files for this shell");
}

/// The databases that tests run on besides SQLite.
#[allow(
    clippy::disallowed_methods,
    reason = "cargo xtask test names them there"
)]
fn databases() -> Vec<String> {
    let named = std::env::var("TEST_DATABASES").unwrap_or_default();
    named.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn postgresql_is_asked_how_it_keeps_what_it_acknowledges() {
    let desk = Desk::with_data();
    desk.does(&["backup", "empty.backup"]);
    for url in databases() {
        let schema = format!("doctor{}", std::process::id());
        let psql = |statement: &str| {
            let output = Command::new("psql")
                .args(["-qc", statement, &url])
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
        };
        psql(&format!("CREATE SCHEMA {schema}"));
        let with = |options: &str| {
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}options=-c%20search_path%3D{schema}{options}")
        };
        let doctor = |options: &str| desk.doctor(&["--database-url", &with(options)]);
        doctor("").says("error", "there is no database of Cognate");
        desk.does(&["restore", "empty.backup", "--database-url", &with("")]);
        // Said here, since the database of the tests has it off, to be quick.
        let told = doctor("%20-c%20synchronous_commit%3Don");
        told.says("ok", "PostgreSQL");
        told.says("ok", "the database's clock and this machine's agree");
        told.is_silent_about("synchronous_commit is off");
        told.is_silent_about("lies beside the database");
        let told = doctor("%20-c%20synchronous_commit%3Doff");
        told.says("error", "synchronous_commit is off");
        let told = doctor("%20-c%20default_transaction_read_only%3Don");
        told.says("error", "the database is read-only");
        psql(&format!("DROP SCHEMA {schema} CASCADE"));
    }
    let told = desk.doctor(&["--database-url", "postgres://ana:hunter2@127.0.0.1:1/x"]);
    told.says("error", "the database is not available");
    told.is_silent_about("hunter2");
}
