// SPDX-License-Identifier: MIT
//! probe.rs - the probe of examples/languages/rust: README.md beside this file has the commands.
//!
//! With --gc all objects are moved to another place before each command. With --waits it checks what
//! commands cannot say, and ends.
#[allow(dead_code)] // what only a server uses
#[path = "../../examples/languages/rust/sse.rs"]
mod sse;

use sse::{Channel, Client, Config, Error, Join, Writer};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

const DATA: &str = "hello from libsse !";

/// What the commands work on. A box of its own for each object, so that it can be moved.
struct Probe {
    start: Instant,
    writer: Option<Box<Writer>>,
    channel: Option<Box<Channel>>,
    clients: BTreeMap<usize, Box<Client>>,
}

/// The words of a command, one after the other.
struct Words<'a>(std::str::Split<'a, char>);

impl<'a> Words<'a> {
    fn word(&mut self) -> &'a str {
        self.0.next().expect("too few words")
    }

    fn number<T: std::str::FromStr>(&mut self) -> T {
        self.word().parse().ok().expect("not a number")
    }

    fn time(&mut self) -> Duration {
        Duration::from_millis(self.number())
    }

    /// Absent, empty, or bytes in hexadecimal.
    fn bytes(&mut self) -> Option<Vec<u8>> {
        match self.word() {
            "-" => None,
            "." => Some(Vec::new()),
            hex => Some(
                (0..hex.len())
                    .step_by(2)
                    .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("not hexadecimal"))
                    .collect(),
            ),
        }
    }

    fn data(&mut self) -> Vec<u8> {
        self.bytes().unwrap_or_default()
    }

    /// A str is UTF-8: what is not cannot get to the module, and is what the library refuses.
    fn text(&mut self) -> Result<Option<String>, Error> {
        self.bytes().map(String::from_utf8).transpose().map_err(|_| Error::Refused(-4))
    }
}

fn hex(bytes: &[u8]) -> String {
    match bytes {
        [] => ".".into(),
        _ => bytes.iter().map(|b| format!("{b:02x}")).collect(),
    }
}

fn answer(result: Result<String, Error>) -> String {
    match result {
        Ok(answer) if answer.is_empty() => "ok".into(),
        Ok(answer) => answer,
        Err(Error::Again) => "again".into(),
        Err(Error::Closed(status)) => format!("closed {status}"),
        Err(Error::Refused(status)) => format!("error {status}"),
    }
}

fn read(max: usize, read: impl FnOnce(&mut [u8]) -> Result<usize, Error>) -> Result<String, Error> {
    let mut bytes = vec![0; max];
    let len = read(&mut bytes)?;
    Ok(format!("ok {}", hex(&bytes[..len])))
}

impl Probe {
    /// Each object goes to a box of its own, before its old one is freed.
    fn move_all(&mut self) {
        self.writer = self.writer.take().map(|writer| Box::new(*writer));
        self.channel = self.channel.take().map(|channel| Box::new(*channel));
        let clients = std::mem::take(&mut self.clients).into_iter();
        self.clients = clients.map(|(k, client)| (k, Box::new(*client))).collect();
    }

    fn writer(&mut self) -> &mut Writer {
        self.writer.as_mut().expect("no writer")
    }

    fn channel(&self) -> &Channel {
        self.channel.as_ref().expect("no channel")
    }

    fn client(&self, k: usize) -> &Client {
        self.clients.get(&k).expect("no such client")
    }

    /// The channel, with its time set.
    fn at(&self, now: Duration) -> &Channel {
        self.channel().tick(self.start + now);
        self.channel()
    }

    fn run(&mut self, command: &str, w: &mut Words) -> Result<String, Error> {
        match command {
            "encode" => {
                let (comment, event_type, id) = (w.bytes(), w.text(), w.text());
                let (retry, data) = (w.time(), w.bytes());
                let data = match data {
                    Some(data) => data,
                    None => return Ok("skip".into()),
                };
                let (event_type, id) = (event_type?, id?);
                let bytes = sse::encode(
                    event_type.as_deref(),
                    id.as_deref(),
                    comment.as_deref(),
                    retry,
                    data,
                )?;
                return Ok(format!("ok {}", hex(&bytes)));
            }
            "writer" => self.writer = Some(Box::new(Writer::new(w.number())?)),
            "send" => {
                let (event_type, id) = (w.text()?, w.text()?);
                self.writer().send(event_type.as_deref(), id.as_deref(), w.data())?;
            }
            "comment" => self.writer().comment(w.data())?,
            "retry" => self.writer().retry(w.time())?,
            "read" => return read(w.number(), |to| self.writer().read(to)),
            "close" => self.writer().close(),
            "channel" => {
                self.clients.clear();
                let name = w.text()?.expect("a name");
                let config = Config {
                    epoch: w.number(),
                    events: w.number(),
                    capacity: w.number(),
                    heartbeat: w.time(),
                    now: self.start + w.time(),
                };
                self.channel = Some(Box::new(Channel::new(&name, config)?));
            }
            "join" => return self.join(w),
            "publish" => {
                let (event_type, data, tag, key) = (w.text(), w.data(), w.number(), w.number());
                let channel = self.at(w.time());
                channel.publish(event_type?.as_deref(), data, tag, key)?;
            }
            "tick" => drop(self.at(w.time())),
            "ready" => {
                return Ok(self.channel().ready().fold("ok".into(), |all, k| format!("{all} {k}")))
            }
            "throw" => {
                let thrown = panic::catch_unwind(AssertUnwindSafe(|| {
                    if let Some(k) = self.channel().ready().next() {
                        panic::panic_any(k);
                    }
                }));
                return Ok(match thrown {
                    Ok(()) => "ok".into(),
                    Err(k) => format!("thrown {}", k.downcast::<usize>().expect("a token")),
                });
            }
            "take" => {
                let client = self.client(w.number());
                return read(w.number(), |to| client.try_read(to));
            }
            "tell" => {
                let (k, event_type) = (w.number(), w.text()?);
                self.client(k).send(event_type.as_deref(), w.data())?;
            }
            "end" => self.client(w.number()).close()?,
            "leave" | "forget" => drop(self.clients.remove(&w.number())),
            "behind" => return Ok(format!("ok {}", self.client(w.number()).behind())),
            "count" => return Ok(format!("ok {}", self.channel().count(w.number()))),
            "timeout" => {
                let wait = self.channel().timeout(self.start + w.time());
                return Ok(wait.map_or("ok -1".into(), |wait| format!("ok {}", wait.as_millis())));
            }
            "drain" => self.channel().drain(w.time(), w.time(), w.time())?,
            "accepts" => return Ok(format!("ok {}", u8::from(sse::accepts(w.bytes().as_deref())))),
            "fields" => {
                let list = sse::fields(w.number(), w.text()?.as_deref(), w.text()?.as_deref())?;
                return Ok(list.iter().fold("ok".into(), |all, (name, value)| {
                    format!("{all} {}={}", hex(name.as_bytes()), hex(value.as_bytes()))
                }));
            }
            "bench" => return self.bench(w.word(), w.number()),
            _ => panic!("no such command: {command}"),
        }
        Ok(String::new())
    }

    fn join(&mut self, w: &mut Words) -> Result<String, Error> {
        let (k, header, query, tags) = (w.number(), w.bytes(), w.bytes(), w.word());
        let tags: Option<Vec<u64>> = match tags {
            "-" => None,
            "." => Some(Vec::new()),
            tags => Some(tags.split(',').map(|tag| tag.parse().expect("not a number")).collect()),
        };
        let capacity = w.number();
        let how = Join {
            last_event_id: header.as_deref(),
            query: query.as_deref(),
            tags: tags.as_deref(),
            stall: w.time(),
            retry: w.time(),
            token: k,
            cut: None,
        };
        self.clients.remove(&k);
        let client = self.at(w.time()).join(capacity, how)?;
        let gap = if client.has_gap() { "gap" } else { "ok" };
        self.clients.insert(k, Box::new(client));
        Ok(gap.into())
    }

    fn bench(&mut self, what: &str, times: u32) -> Result<String, Error> {
        let mut to = [0; 4096];
        let mut writer = Writer::new(4096)?;
        let channel = Channel::new("bench", Config { epoch: 1, ..Config::default() })?;
        let client = channel.join(4096, Join::default())?;
        channel.ready().for_each(drop);
        client.try_read(&mut to)?;
        let start = Instant::now();
        for _ in 0..times {
            match what {
                "encode" => drop(sse::encode(Some("tick"), None, None, Duration::ZERO, DATA)?),
                "send" => {
                    writer.send(Some("tick"), None, DATA)?;
                    writer.read(&mut to)?;
                }
                _ => {
                    channel.publish(Some("tick"), DATA, 0, 0)?;
                    assert_eq!(channel.ready().count(), 1);
                    client.try_read(&mut to)?;
                    assert_eq!(client.try_read(&mut to), Err(Error::Again));
                }
            }
        }
        Ok(format!("ok {:.1}", start.elapsed().as_nanos() as f64 / f64::from(times)))
    }
}

/// Threads wait for news and for the end of a drain; what is out of the ordinary.
fn check_waits() -> io::Result<()> {
    let second = Duration::from_secs(1);
    let config = Config { heartbeat: Duration::from_nanos(1), ..Config::default() };
    let (channel, now) = (Channel::new("waits", config)?, Instant::now());
    let (reader, keeper) =
        (channel.join(4096, Join::default())?, channel.join(4096, Join::default())?);
    channel.ready().for_each(drop);
    assert!(channel.timeout(now).is_some(), "a short time is not none");
    assert_eq!((&keeper).read(&mut [])?, 0);

    let clock = channel.clone();
    let clock = std::thread::spawn(move || clock.keep_time());
    let waiting = std::thread::spawn(move || {
        let mut all = String::new();
        (&reader).read_to_string(&mut all).map(|_| all)
    });
    std::thread::sleep(Duration::from_millis(20));
    channel.publish(None, "for the reader", 0, 0)?;
    std::thread::sleep(Duration::from_millis(20));
    channel.tick(Instant::now());
    channel.drain(second, second, Duration::from_millis(200))?;
    let all = waiting.join().expect("a reader")?;
    assert!(all.contains("for the reader") && all.contains("farewell"));
    io::copy(&mut &keeper, &mut io::sink())?;
    clock.join().expect("a clock"); // a client is still there: that is the limit
    Ok(())
}

/// What the types promise about threads.
fn assert_send_and_sync<T: Send + Sync>() {}

fn main() -> io::Result<()> {
    assert_send_and_sync::<Channel>();
    assert_send_and_sync::<Client>();
    assert_send_and_sync::<Writer>();
    if std::env::args().any(|arg| arg == "--waits") {
        return check_waits();
    }
    let is_moving = std::env::args().any(|arg| arg == "--gc");
    let mut probe =
        Probe { start: Instant::now(), writer: None, channel: None, clients: BTreeMap::new() };
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<usize>() {
            report(info);
        }
    }));
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = Words(line.split(' '));
        let command = words.word();
        if is_moving {
            probe.move_all();
        }
        let said = answer(probe.run(command, &mut words));
        if is_moving {
            probe.move_all();
        }
        println!("{said}");
        io::stdout().flush()?;
    }
    Ok(())
}
