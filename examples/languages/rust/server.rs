// SPDX-License-Identifier: MIT
//! server.rs - a stream for everybody, with a thread for each connection. Rust has no HTTP server
//! of its own: the end of this file is a small one, of one request for each connection.
//!
//!     rustc --edition 2021 -O server.rs && ./server 8080
//!     curl -N http://127.0.0.1:8080/events
//!     curl -d 'Hello' http://127.0.0.1:8080/publish
#[allow(dead_code)] // it has no use for a Writer, for one
mod sse;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use std::{env, slice, thread};

const HEAD_MAX: u64 = 16 * 1024;
const BODY_MAX: usize = 32 * 1024;
const ASK: Duration = Duration::from_secs(5); // for each read of a request
const RETRY: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(2);
const COUNTERS: [&str; 8] =
    ["subscribers", "joined", "resumed", "events", "bytes", "gaps", "closed", "heartbeats"];

#[derive(Clone)]
struct App {
    channel: sse::Channel,
    stall: Duration,
}

/// The tag of a user, as a number that is not 0: FNV-1a. A real application has numbers of its
/// users, and knows from a session which one asks.
fn tag(request: &Request) -> sse::Result<u64> {
    let name = sse::query(&request.query, "user")?;
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211);
    Ok(if name.is_empty() { 0 } else { name.iter().fold(14_695_981_039_346_656_037, mix).max(1) })
}

fn publish(app: &App, request: &Request) -> sse::Result {
    let event_type = sse::query(&request.query, "type")?;
    let event_type = String::from_utf8(event_type).map_err(|_| sse::Error::Refused(-4))?;
    app.channel.tick(Instant::now()); // the event has the time of the latest tick
    app.channel.publish(Some(&event_type), &request.body, tag(request)?, 0)
}

fn join(app: &App, request: &Request, socket: &TcpStream) -> io::Result<sse::Client> {
    let (tag, socket) = (tag(request)?, socket.try_clone()?);
    let how = sse::Join {
        last_event_id: request.field("last-event-id"),
        query: Some(request.query.as_bytes()),
        tags: Some(if tag == 0 { &[] } else { slice::from_ref(&tag) }), // none: public events only
        stall: app.stall,
        retry: RETRY,
        cut: Some(Box::new(move || drop(socket.shutdown(Shutdown::Both)))),
        ..sse::Join::default()
    };
    app.channel.tick(Instant::now());
    Ok(app.channel.join(BODY_MAX + 1024, how)?)
}

fn counters(app: &App) -> String {
    let count = |(name, i): (&&str, i32)| format!("\"{name}\": {}", app.channel.count(i));
    format!("{{{}}}\n", COUNTERS.iter().zip(0..).map(count).collect::<Vec<_>>().join(", "))
}

/// Answers a request; where that is a stream, as long as it lasts.
fn answer(app: &App, request: &Request, socket: &mut TcpStream) -> io::Result<()> {
    let status = match (request.path.as_str(), request.method.as_str()) {
        ("/events", "GET" | "HEAD") if !sse::accepts(request.field("accept")) => 406,
        ("/events", "HEAD") => 200,
        ("/events", "OPTIONS") => 204,
        ("/events", "GET") if tag(request).is_err() => 400,
        ("/events", "GET") => match join(app, request, socket) {
            Ok(client) => {
                socket.write_all(head(200, &sse::fields(200, Some("*"), None)?).as_bytes())?;
                io::copy(&mut &client, socket)?;
                return socket.shutdown(Shutdown::Write);
            }
            Err(_) => 503,
        },
        ("/status", "GET" | "HEAD") => {
            let (text, json) = (counters(app), ("content-type".into(), "application/json".into()));
            let text = if request.method == "HEAD" { "" } else { &text };
            return socket.write_all((head(200, &[json]) + text).as_bytes());
        }
        ("/publish", "POST") => publish(app, request).map_or(400, |()| 204),
        ("/publish", _) => {
            let fields = sse::fields(405, Some("*"), Some("POST"))?;
            return socket.write_all(head(405, &fields).as_bytes());
        }
        ("/events" | "/status", _) => 405,
        _ => 404,
    };
    socket.write_all(head(status, &sse::fields(status, Some("*"), None)?).as_bytes())
}

fn setting(name: &str, usual: u64) -> Duration {
    let value = env::var(name).ok().and_then(|value| value.parse().ok());
    Duration::from_millis(value.unwrap_or(usual))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = env::args().nth(1).map_or(Ok(8080), |port| port.parse::<u16>())?;
    let config =
        sse::Config { heartbeat: setting("APP_HEARTBEAT_MS", 15000), ..sse::Config::default() };
    let channel = sse::Channel::new("server.rs", config)?;
    let app = App { channel: channel.clone(), stall: setting("APP_STALL_MS", 30000) };
    let signals = unix::block_signals(); // before there is another thread
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("http://{}/", listener.local_addr()?);
    thread::spawn(move || serve_all(&listener, &app));

    let leaving = channel.clone();
    thread::spawn(move || {
        unix::wait_for(&signals);
        leaving.tick(Instant::now());
        leaving.drain(RETRY, WINDOW, LIMIT)
    });
    let (period, ticking) = (setting("APP_TICK_MS", 0), channel.clone());
    thread::spawn(move || {
        while !period.is_zero() {
            thread::sleep(period);
            ticking.tick(Instant::now());
            ticking.publish(Some("tick"), unix::monotonic_ms().to_string(), 0, 0)?;
        }
        sse::Result::Ok(())
    });
    channel.keep_time();
    Ok(())
}

/// What std does not have: a real program takes crates, such as signal-hook. The layouts are those
/// of Linux on 64 bits.
mod unix {
    use std::os::raw::c_int;
    use std::ptr;

    pub type Signals = [u64; 16];
    #[repr(C)]
    struct Timespec(i64, i64);

    extern "C" {
        fn pthread_sigmask(how: c_int, signals: &Signals, old: *mut Signals) -> c_int;
        fn sigwait(signals: &Signals, signal: &mut c_int) -> c_int;
        fn clock_gettime(clock: c_int, now: &mut Timespec) -> c_int;
    }

    /// SIGINT and SIGTERM are to wait for wait_for.
    pub fn block_signals() -> Signals {
        let mut signals = [0; 16];
        signals[0] = 1 << (2 - 1) | 1 << (15 - 1);
        // SAFETY: a whole sigset_t, which is only read; 0 is SIG_BLOCK.
        unsafe { pthread_sigmask(0, &signals, ptr::null_mut()) };
        signals
    }

    pub fn wait_for(signals: &Signals) {
        // SAFETY: a whole sigset_t, and a place for the number.
        unsafe { sigwait(signals, &mut 0) };
    }

    /// CLOCK_MONOTONIC, which an Instant is, but does not give.
    pub fn monotonic_ms() -> i64 {
        let mut now = Timespec(0, 0);
        // SAFETY: a place for the time; 1 is CLOCK_MONOTONIC.
        unsafe { clock_gettime(1, &mut now) };
        now.0 * 1000 + now.1 / 1_000_000
    }
}

// HTTP/1.1, as little of it as this needs.

struct Request {
    method: String,
    path: String,
    query: String,
    fields: HashMap<String, String>, // names are in lower case
    body: Vec<u8>,
}

impl Request {
    fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.get(name).map(String::as_bytes)
    }

    /// Reads a request. An error is the status that refuses it.
    fn read(socket: &TcpStream) -> Result<Request, u16> {
        let (mut reader, mut head, mut body) = (BufReader::new(socket), String::new(), Vec::new());
        let mut limited = (&mut reader).take(HEAD_MAX);
        while !head.ends_with("\r\n\r\n") {
            match limited.read_line(&mut head) {
                Ok(1..) => (),
                _ => return Err(if limited.limit() == 0 { 431 } else { 400 }),
            }
        }
        let mut lines = head.trim_end().split("\r\n");
        let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let (method, target) = match words[..] {
            [method, target, "HTTP/1.0" | "HTTP/1.1"] => (method.to_owned(), target),
            _ => return Err(400),
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let pair = |(name, value): (&str, &str)| (name.to_lowercase(), value.trim().to_owned());
        let fields = lines.map(|line| line.split_once(':').map(pair));
        let fields: HashMap<_, _> = fields.collect::<Option<_>>().ok_or(400u16)?;
        let length = fields.get("content-length").map_or(Ok(0), |length| length.parse::<usize>());
        let length = length.map_err(|_| 400u16)?;
        if fields.contains_key("transfer-encoding") {
            return Err(411);
        }
        if length > BODY_MAX {
            return Err(413);
        }
        if fields.get("expect").map(|it| it.to_lowercase()).as_deref() == Some("100-continue") {
            (&mut &*socket).write_all(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| 400u16)?;
        }
        match reader.take(length as u64).read_to_end(&mut body) {
            Ok(len) if len == length => Ok(Request { method, path, query, fields, body }),
            _ => Err(400),
        }
    }
}

/// The head of a response, whose content ends with the connection.
fn head(status: u16, fields: &[(String, String)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("HTTP/1.1 {status} \r\nconnection: close\r\n{}\r\n", fields.collect::<String>())
}

fn serve(app: &App, mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(ASK))?;
    match Request::read(&socket) {
        Ok(request) => answer(app, &request, &mut socket),
        Err(status) => socket.write_all(head(status, &[]).as_bytes()),
    }
}

fn serve_all(listener: &TcpListener, app: &App) {
    for socket in listener.incoming() {
        let app = app.clone();
        let started =
            socket.and_then(|socket| thread::Builder::new().spawn(move || serve(&app, socket)));
        if started.is_err() {
            thread::sleep(Duration::from_millis(100)); // no descriptor or no memory now
        }
    }
}
