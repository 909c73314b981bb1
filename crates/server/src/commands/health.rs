//! `cognate health`: asks a server on this machine how it is, for supervisors that can start a
//! program and have no HTTP client at hand. It asks the operator's listener, which speaks plain
//! HTTP whatever clients are served by.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::config_file::ConfigFile;
use crate::configuration;
use crate::terminal::say;

/// How long the server may take, for each of connecting, reading and writing. `/readyz` gives the
/// database two seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// More than any answer of ours about health; what is longer comes from another program.
const LONGEST_ANSWER: u64 = 4096;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Ask whether it can do its work as well, that is, whether its database answers and takes
    /// writes.
    #[arg(long)]
    ready: bool,
    /// The settings file of that server; ./cognate.toml is read where it exists.
    #[arg(long, env = "COGNATE_CONFIG", value_name = "FILE")]
    config: Option<String>,
    /// That server's operator's listener [default: 127.0.0.1:9230].
    #[arg(long, env = "COGNATE_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    admin_listen: Option<String>,
}

/// Says what the server answers; anything but a good answer is an error.
pub(crate) fn run(arguments: Arguments) -> Result<()> {
    let file = ConfigFile::load(arguments.config.as_deref())?;
    let Some(listener) = configuration::admin_listen(&file, arguments.admin_listen)? else {
        bail!("the operator's listener is the one to ask, and admin-listen is none");
    };
    let path = match arguments.ready {
        true => "/readyz",
        false => "/healthz",
    };
    let address = reached_at(listener);
    let answer = ask(address, path).with_context(|| format!("http://{address}{path}"))?;
    say(answer.trim_end());
    Ok(())
}

/// Where a listener is reached from its own machine.
fn reached_at(mut listener: SocketAddr) -> SocketAddr {
    if listener.ip().is_unspecified() {
        listener.set_ip(match listener.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listener
}

/// The body of a good answer.
fn ask(address: SocketAddr, path: &str) -> Result<String> {
    let mut server = TcpStream::connect_timeout(&address, PATIENCE).context("nobody answers")?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    server.write_all(request.as_bytes())?;
    let mut answer = String::new();
    server
        .take(LONGEST_ANSWER)
        .read_to_string(&mut answer)
        .context("the answer does not come")?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        bail!("the answer is not HTTP");
    };
    match head.split_whitespace().nth(1) {
        Some("200") => Ok(body.to_owned()),
        status => bail!("{}: {}", status.unwrap_or("no status"), body.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// What `ask` makes of a server that answers so.
    fn asked(answer: &'static str) -> Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let length = client.read(&mut request).unwrap();
            client.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let outcome = ask(address, "/readyz");
        assert!(
            server
                .join()
                .unwrap()
                .starts_with("GET /readyz HTTP/1.1\r\n")
        );
        outcome
    }

    #[test]
    fn a_server_that_answers_200_is_well_and_no_other_is() {
        let well = asked("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n");
        assert_eq!(well.unwrap(), "ok\n");
        let ill = asked("HTTP/1.1 503 Service Unavailable\r\n\r\nthe database is read-only\n");
        assert_eq!(
            ill.unwrap_err().to_string(),
            "503: the database is read-only"
        );
        assert!(asked("220 mail.example.com ESMTP\r\n").is_err());
        assert!(asked("HTTP/1.1 200 OK\r\n").is_err());
    }

    #[test]
    fn a_server_that_is_not_there_is_not_well() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let error = ask(address, "/healthz").unwrap_err().to_string();
        assert_eq!(error, "nobody answers");
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_at_loopback() {
        for (listener, reached) in [
            ("0.0.0.0:9230", "127.0.0.1:9230"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.1:9230", "10.0.0.1:9230"),
        ] {
            let reached: SocketAddr = reached.parse().unwrap();
            assert_eq!(reached_at(listener.parse().unwrap()), reached);
        }
    }
}
