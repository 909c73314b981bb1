//! What stands around a server, in a few lines each: web sites, a proxy, a mail server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server of a few lines that answers each connection by a function of the request's head. It
/// ends with the test's process.
pub(crate) fn answering(answer: impl Fn(TcpStream, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let head = head_of(&stream);
            answer(stream, head);
        }
    });
    address
}

pub(crate) fn head_of(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    head.join("\r\n")
}

/// A proxy before a server that puts lines into the head of each request.
pub(crate) fn proxy_to(server: &str, lines: &'static str) -> String {
    let server = server.to_owned();
    answering(move |mut client, head| {
        let mut upstream = TcpStream::connect(&server).unwrap();
        let request = format!("{head}\r\n{lines}connection: close\r\n\r\n");
        upstream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer).unwrap();
        client.write_all(&answer).unwrap();
    })
}

/// A mail server that refuses one command; gives its address and the commands that it was told.
pub(crate) fn mail_server(refused: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"220 test\r\n");
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            for line in lines.map_while(Result::ok) {
                let verb = line.split(' ').next().unwrap().to_owned();
                let answer = match verb.as_str() {
                    verb if verb == refused => "550 no",
                    "AUTH" => "235 welcome",
                    "EHLO" => "250-test\r\n250 AUTH PLAIN",
                    _ => "250 ok",
                };
                log.lock().unwrap().push(verb);
                let _ = stream.write_all(format!("{answer}\r\n").as_bytes());
            }
        }
    });
    (address, heard)
}
