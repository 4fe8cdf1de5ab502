// SPDX-License-Identifier: MIT
//! Server-Sent Events, emitted by libsse 0.2: a module without crates, for Rust 1.63 and later.
//!
//! Copy this file next to `main.rs`. It links `libsse.so.0.2`; where the linker does not find it,
//! set `RUSTFLAGS="-L native=FOLDER"`.
//!
//! ```ignore
//! let news = sse::Channel::new("news", sse::Config::default())?;
//! let clock = news.clone();
//! std::thread::spawn(move || clock.keep_time());
//! let client = news.join(4096, sse::Join { last_event_id, ..Default::default() })?; // any thread
//! news.publish(Some("greeting"), "Hello", 0, 0)?; // any other thread
//! std::io::copy(&mut &client, &mut socket)?; // after a response head with sse::fields
//! ```
//!
//! Threads: a channel and its clients have one lock, inside. No call waits for news, except
//! `keep_time` and the `Read` of a client. A program that uses neither, since it has a loop of
//! events, asks [`Channel::ready`] which clients have news.
#![deny(unsafe_op_in_unsafe_fn)]

use std::ffi::CStr;
use std::io::{self, Read};
use std::os::raw::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

type Ptr = *const u8;
type Mem = *mut c_void;
type Len = usize;

#[rustfmt::skip] // a line for each function: the headers of libsse name the parameters
#[link(name = "sse")]
extern "C" {
    fn sse_status_text(status: c_int) -> *const c_char;
    fn sse_status_closed(status: c_int) -> c_int;
    fn sse_event_encode_parts(_: Ptr, _: Len, _: Ptr, _: Len, _: Ptr, _: Len, retry_ms: u32,
                              _: Ptr, _: Len, dst: Mem, cap: Len, len: &mut Len) -> c_int;
    fn sse_http_accepts(_: Ptr, _: Len) -> c_int;
    fn sse_http_query(_: Ptr, _: Len, _: Ptr, _: Len, dst: Mem, cap: Len, len: &mut Len) -> c_int;
    fn sse_http_field_parts(version: c_int, status: c_int, flags: u32, retry_ms: u32,
                            _: Ptr, _: Len, _: Ptr, _: Len, index: usize, dst: Mem, cap: Len,
                            name: &mut Len, value: &mut Len) -> c_int;
    fn sse_http_send_parts(version: c_int, status: c_int, flags: u32, retry_ms: u32, first: c_int,
                           _: Ptr, _: Len, queue: Mem) -> c_int;
    fn sse_writer_overhead() -> usize;
    fn sse_writer_init(_: Mem, size: usize, flags: u32) -> Mem;
    fn sse_writer_send_parts(w: Mem, _: Ptr, _: Len, _: Ptr, _: Len, _: Ptr, _: Len) -> c_int;
    fn sse_writer_comment(w: Mem, _: Ptr, _: Len) -> c_int;
    fn sse_writer_retry(w: Mem, retry_ms: u32) -> c_int;
    fn sse_writer_read(w: Mem, dst: Mem, cap: Len, len: &mut Len) -> c_int;
    fn sse_writer_close(w: Mem) -> c_int;
    fn sse_history_size(events: u32, capacity: usize) -> usize;
    fn sse_history_init(_: Mem, size: usize, events: u32, flags: u32, epoch: u64,
                        _: Ptr, _: Len) -> Mem;
    fn sse_channel_size() -> usize;
    fn sse_channel_init(ch: Mem, history: Mem, heartbeat_ms: u32, turn: u32, now_ms: u64) -> c_int;
    fn sse_channel_publish_parts(ch: Mem, _: Ptr, _: Len, _: Ptr, _: Len, _: Ptr, _: Len,
                                 tag: u64, key: u64) -> c_int;
    fn sse_channel_tick(ch: Mem, now_ms: u64) -> c_int;
    fn sse_channel_timeout(ch: Mem, now_ms: u64) -> c_int;
    fn sse_channel_next(ch: Mem) -> Mem;
    fn sse_channel_drain(ch: Mem, _: Ptr, _: Len, _: Ptr, _: Len, retry_ms: u32, window_ms: u32,
                         over_ms: u32, limit_ms: u32) -> c_int;
    fn sse_channel_count(ch: Mem, counter: c_int) -> u64;
    fn sse_subscriber_size() -> usize;
    fn sse_subscriber_join(s: Mem, ch: Mem, queue: Mem, user: Mem, flags: u32, _: Ptr, _: Len,
                           _: Ptr, _: Len) -> c_int;
    fn sse_subscriber_set_filter(s: Mem, tags: *const u64, count: usize) -> c_int;
    fn sse_subscriber_set_limits(s: Mem, pace_ms: u32, stall_ms: u32, age_ms: u32) -> c_int;
    fn sse_subscriber_send_parts(s: Mem, _: Ptr, _: Len, _: Ptr, _: Len, _: Ptr, _: Len) -> c_int;
    fn sse_subscriber_read(s: Mem, dst: Mem, cap: Len, len: &mut Len) -> c_int;
    fn sse_subscriber_close(s: Mem) -> c_int;
    fn sse_subscriber_leave(s: Mem) -> c_int;
    fn sse_subscriber_status(s: Mem) -> c_int;
    fn sse_subscriber_user(s: Mem) -> Mem;
    fn sse_subscriber_behind(s: Mem) -> u64;
}

const AGAIN: c_int = 1;
const END: c_int = 2;
const GAP: c_int = 3;
const SPACE: c_int = -5;
const FATAL: c_int = -100;
const PREFLIGHT: u32 = 0x400;
const JOIN_GAPS: u32 = 0x2000;

/// Why a call has not done what it is for. As text it is a phrase of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not now: the queue is full, or there is nothing to read.
    Again,
    /// The stream is over. The status is 2 at its regular end; below -100 it has failed.
    Closed(i32),
    /// The library refuses it. The status is in `enum sse_status`: -4, say, for a line break in an
    /// id.
    Refused(i32),
}

/// The result of this module.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    /// The status of the library.
    pub fn status(self) -> i32 {
        match self {
            Error::Again => AGAIN,
            Error::Closed(status) | Error::Refused(status) => status,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // SAFETY: for any status this is a static string that ends in NUL.
        let text = unsafe { CStr::from_ptr(sse_status_text(self.status())) };
        write!(f, "{} ({})", text.to_string_lossy(), self.status())
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error {
            Error::Again => io::ErrorKind::WouldBlock,
            Error::Closed(_) => io::ErrorKind::ConnectionAborted,
            Error::Refused(_) => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

fn check(status: c_int) -> Result {
    // SAFETY: a function of a number.
    match unsafe { sse_status_closed(status) } {
        0 if status == AGAIN => Err(Error::Again),
        0 if status < 0 => Err(Error::Refused(status)),
        0 => Ok(()),
        _ => Err(Error::Closed(status)),
    }
}

/// A range as C has it: NULL is absent, and an empty one is not NULL.
fn range(bytes: Option<&[u8]>) -> (Ptr, Len) {
    bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr(), bytes.len()))
}

fn text(text: Option<&str>) -> (Ptr, Len) {
    range(text.map(str::as_bytes))
}

/// Rounded up, since 0 is "none".
fn ms(time: Duration) -> u32 {
    let time = time.saturating_add(Duration::from_nanos(999_999));
    time.as_millis().try_into().unwrap_or(u32::MAX)
}

/// Encodes one event. `retry` is the reconnection time; zero: none.
///
/// Line breaks in the data and the comment are fine; in the type and the id they are refused.
pub fn encode(
    event_type: Option<&str>,
    id: Option<&str>,
    comment: Option<&[u8]>,
    retry: Duration,
    data: impl AsRef<[u8]>,
) -> Result<Vec<u8>> {
    let ((c, c_len), (t, t_len), (i, i_len)) = (range(comment), text(event_type), text(id));
    let ((d, d_len), retry_ms) = (range(Some(data.as_ref())), ms(retry));
    let (mut bytes, mut len) = (Vec::new(), 128 + c_len + d_len);
    loop {
        bytes.resize(len, 0);
        let dst = bytes.as_mut_ptr().cast();
        // SAFETY: ranges that live during the call, and len bytes to write to.
        #[rustfmt::skip]
        let status = unsafe {
            sse_event_encode_parts(c, c_len, t, t_len, i, i_len, retry_ms, d, d_len,
                                   dst, bytes.len(), &mut len)
        };
        if status != SPACE {
            bytes.truncate(len);
            return check(status).map(|()| bytes);
        }
    }
}

/// Whether a client accepts a stream: the value of its `Accept` field. If not, answer 406.
pub fn accepts(accept: Option<&[u8]>) -> bool {
    let (a, a_len) = range(accept);
    // SAFETY: a range that lives during the call.
    unsafe { sse_http_accepts(a, a_len) != 0 }
}

/// The value of a name in the query of a URL, decoded; empty if there is none.
pub fn query(query: &str, name: &str) -> Result<Vec<u8>> {
    let (mut value, mut len) = (vec![0; query.len() + 1], 0);
    let ((q, q_len), (n, n_len)) = (text(Some(query)), text(Some(name)));
    let (dst, cap) = (value.as_mut_ptr().cast(), value.len());
    // SAFETY: ranges that live during the call, and cap bytes to write to.
    check(unsafe { sse_http_query(q, q_len, n, n_len, dst, cap, &mut len) })?;
    value.truncate(len);
    Ok(value)
}

/// The fields of a response: of the stream for 200, of the answer to `OPTIONS` for 204, of a
/// refusal for 400 to 599. `origin` is for CORS, such as "*"; `methods` are those of the route, for
/// `Allow`, such as "POST".
pub fn fields(
    status: u16,
    origin: Option<&str>,
    methods: Option<&str>,
) -> Result<Vec<(String, String)>> {
    let ((o, o_len), (m, m_len)) = (text(origin), text(methods));
    let (status, flags) = (status.into(), if status == 204 { PREFLIGHT } else { 0 });
    let (mut both, mut list) = (vec![0u8; 256 + o_len + m_len], Vec::new());
    let (dst, cap, mut name, mut value) = (both.as_mut_ptr().cast(), both.len(), 0, 0);
    loop {
        // SAFETY: a range that lives during the call, and cap bytes to write to.
        #[rustfmt::skip]
        let got = unsafe {
            sse_http_field_parts(0, status, flags, 0, o, o_len, m, m_len, list.len(), dst, cap,
                                 &mut name, &mut value)
        };
        if got == END {
            return Ok(list);
        }
        check(got)?;
        let part = |at, len| String::from_utf8_lossy(&both[at..at + len]).into_owned();
        list.push((part(0, name), part(name + 1, value)));
    }
}

/// A queue of whole events for one client. The program moves the bytes.
pub struct Writer(Box<[u64]>); // no pointer is inside: it can move

impl Writer {
    /// A queue of so many bytes, at least 64.
    pub fn new(capacity: usize) -> Result<Writer> {
        // SAFETY: a constant.
        let size = capacity.saturating_add(unsafe { sse_writer_overhead() });
        let mut writer = Writer(vec![0; size / 8 + 1].into());
        // SAFETY: so many bytes, aligned for u64.
        let made = unsafe { sse_writer_init(writer.at(), size, 0) };
        (!made.is_null()).then_some(writer).ok_or(Error::Refused(-1))
    }

    fn at(&mut self) -> Mem {
        self.0.as_mut_ptr().cast()
    }

    /// Queues an event, whole or not at all.
    pub fn send(
        &mut self,
        event_type: Option<&str>,
        id: Option<&str>,
        data: impl AsRef<[u8]>,
    ) -> Result {
        let ((t, t_len), (i, i_len)) = (text(event_type), text(id));
        let (d, d_len) = range(Some(data.as_ref()));
        // SAFETY: a writer, and ranges that live during the call.
        check(unsafe { sse_writer_send_parts(self.at(), t, t_len, i, i_len, d, d_len) })
    }

    /// Queues a comment, which clients ignore.
    pub fn comment(&mut self, text: impl AsRef<[u8]>) -> Result {
        let (t, t_len) = range(Some(text.as_ref()));
        // SAFETY: a writer, and a range that lives during the call.
        check(unsafe { sse_writer_comment(self.at(), t, t_len) })
    }

    /// Queues a reconnection time.
    pub fn retry(&mut self, time: Duration) -> Result {
        // SAFETY: a writer.
        check(unsafe { sse_writer_retry(self.at(), ms(time)) })
    }

    /// Takes bytes out of the queue, for the transport. `Error::Closed(2)`: there will be no more.
    pub fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        let (dst, cap, mut len) = (to.as_mut_ptr().cast(), to.len(), 0);
        // SAFETY: a writer, and cap bytes to write to.
        check(unsafe { sse_writer_read(self.at(), dst, cap, &mut len) }).map(|()| len)
    }

    /// Ends the stream after what is queued.
    pub fn close(&mut self) {
        // SAFETY: a writer.
        unsafe { sse_writer_close(self.at()) };
    }
}

/// Memory that C points into and changes. It is shared and of atomics, so that Rust takes it
/// neither for its own nor for constant. C uses it under the lock of the channel.
type Block = Arc<[AtomicU64]>;

fn block(words: usize) -> Block {
    (0..words).map(|_| AtomicU64::new(0)).collect()
}

fn at(block: &Block, word: usize) -> Mem {
    Arc::as_ptr(block).cast::<u64>().wrapping_add(word) as Mem
}

/// How a channel is made.
#[derive(Clone, Debug)]
pub struct Config {
    /// Differs from run to run, as the time of the start does; 0: events have no ids.
    pub epoch: u64,
    /// The most events that are kept for clients that come back.
    pub events: u32,
    /// The most bytes of these events.
    pub capacity: usize,
    /// The longest silence of a stream; zero: any.
    pub heartbeat: Duration,
    /// When the time of the channel begins.
    pub now: Instant,
}

impl Default for Config {
    fn default() -> Config {
        let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Config {
            epoch: epoch.map_or(1, |epoch| epoch.as_millis() as u64),
            events: 1000,
            capacity: 1 << 20,
            heartbeat: Duration::from_secs(15),
            now: Instant::now(),
        }
    }
}

/// What a client has sent, and what it gets.
#[derive(Default)]
pub struct Join<'a> {
    /// The value of its `Last-Event-ID` field.
    pub last_event_id: Option<&'a [u8]>,
    /// The query of its URL, in which the id can be, too.
    pub query: Option<&'a [u8]>,
    /// It gets the events with these tags, and those with tag 0; `None`: all events.
    pub tags: Option<&'a [u64]>,
    /// It is given up if it takes no byte for so long while there are some; zero: never.
    pub stall: Duration,
    /// Its reconnection time; zero: it has one of its own.
    pub retry: Duration,
    /// What [`Channel::ready`] calls it.
    pub token: usize,
    /// Called when the channel gives it up: shuts its socket down, say, so that a write which
    /// blocks ends. It must not use the channel.
    pub cut: Option<Box<dyn Fn() + Send + Sync>>,
}

/// What a channel knows about a client.
struct Slot {
    token: usize,
    more: Condvar,
    cut: Option<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct State {
    is_threaded: bool, // threads wait for news
    is_draining: bool,
    end: Option<Instant>, // of the drain
    clients: usize,
}

struct Shared {
    state: Mutex<State>, // the lock of what C has in the blocks, too
    sooner: Condvar,     // keep_time is to look again
    start: Instant,
    channel: Block,
    history: Block,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What a panic leaves is whole: it can come only from a `cut`.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next client that has news, and whether the channel has given it up.
    fn next(&self, _lock: &mut State) -> Option<(Arc<Slot>, bool)> {
        // SAFETY: a channel under its lock. The user of a subscriber is the slot of a Client, which
        // keeps it until the subscriber has left, and leaves under the lock.
        unsafe {
            let s = sse_channel_next(at(&self.channel, 0));
            if s.is_null() {
                return None;
            }
            let slot = sse_subscriber_user(s).cast::<Slot>();
            Arc::increment_strong_count(slot);
            Some((Arc::from_raw(slot), sse_subscriber_status(s) < FATAL))
        }
    }

    /// Wakes the threads that have something to do now.
    fn wake(&self, state: &mut State) {
        if !state.is_threaded {
            return;
        }
        while let Some((slot, is_given_up)) = self.next(state) {
            slot.more.notify_all();
            if is_given_up {
                slot.cut.iter().for_each(|cut| cut());
            }
        }
        self.sooner.notify_one();
    }

    /// Makes a call that can give work to threads.
    fn call(&self, call: impl FnOnce() -> c_int) -> Result {
        let mut state = self.lock();
        let status = call();
        self.wake(&mut state);
        check(status)
    }

    fn ms(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_millis() as u64
    }
}

/// Publishes events to its clients, and keeps the latest for those that come back. A clone is the
/// same channel, which lives until the last clone and the last client are dropped.
#[derive(Clone)]
pub struct Channel(Arc<Shared>);

impl Channel {
    /// A channel. The name differs from those of the other channels of the program.
    pub fn new(name: &str, config: Config) -> Result<Channel> {
        // SAFETY: a function of numbers, and a constant.
        let (size, channel_size) =
            unsafe { (sse_history_size(config.events, config.capacity), sse_channel_size()) };
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            sooner: Condvar::new(),
            start: config.now,
            channel: block(channel_size / 8 + 1),
            history: block(size / 8 + 1),
        });
        let (channel, history) = (at(&shared.channel, 0), at(&shared.history, 0));
        let (n, n_len) = text(Some(name));
        // SAFETY: blocks of these sizes, of which no other thread knows, and a range.
        check(unsafe {
            sse_history_init(history, size, config.events, 0, config.epoch, n, n_len);
            sse_channel_init(channel, history, ms(config.heartbeat), 0, 0)
        })?;
        Ok(Channel(shared))
    }

    /// Begins a stream where its client was, with a queue of so many bytes, at least 512.
    pub fn join(&self, capacity: usize, how: Join) -> Result<Client> {
        let mut tags = how.tags.map_or(Vec::new(), <[u64]>::to_vec);
        tags.sort_unstable();
        // SAFETY: constants.
        let (s_size, overhead) = unsafe { (sse_subscriber_size(), sse_writer_overhead()) };
        let size = capacity.saturating_add(overhead);
        let (q_at, t_at) = (s_size / 8 + 1, s_size / 8 + size / 8 + 2);
        let slot = Slot { token: how.token, more: Condvar::new(), cut: how.cut };
        let (slot, memory) = (Arc::new(slot), block(t_at + tags.len()));
        self.0.lock().clients += 1;
        let mut client = Client { shared: self.0.clone(), slot, memory, has_gap: false };
        let [s, queue, t] = [0, q_at, t_at].map(|word| at(&client.memory, word));
        let (ch, user) = (at(&self.0.channel, 0), Arc::as_ptr(&client.slot) as Mem);
        let ((h, h_len), (q, q_len)) = (range(how.last_event_id), range(how.query));
        // An error drops the lock before the client, which takes it.
        let mut state = self.0.lock();
        // SAFETY: three parts of a block, which the client keeps until it has left; a channel under
        // its lock; ranges that live during the call.
        unsafe {
            sse_writer_init(queue, size, 0);
            check(sse_http_send_parts(0, 200, 0, ms(how.retry), 0, ptr::null(), 0, queue))?;
            let joined = sse_subscriber_join(s, ch, queue, user, JOIN_GAPS, h, h_len, q, q_len);
            check(joined)?;
            client.has_gap = joined == GAP;
            if how.tags.is_some() {
                t.cast::<u64>().copy_from_nonoverlapping(tags.as_ptr(), tags.len());
                check(sse_subscriber_set_filter(s, t.cast(), tags.len()))?;
            }
            sse_subscriber_set_limits(s, 0, ms(how.stall), 0);
        }
        self.0.wake(&mut state);
        drop(state);
        Ok(client)
    }

    /// Publishes an event: for everybody with tag 0, else for the clients that have its tag. With a
    /// key it stands for older events of that key; 0: none. Tick first, if ticks are seldom.
    pub fn publish(
        &self,
        event_type: Option<&str>,
        data: impl AsRef<[u8]>,
        tag: u64,
        key: u64,
    ) -> Result {
        let ((t, t_len), (d, d_len)) = (text(event_type), range(Some(data.as_ref())));
        let (ch, none) = (at(&self.0.channel, 0), ptr::null());
        // SAFETY: a channel under its lock, and ranges that live during the call.
        self.0.call(|| unsafe {
            sse_channel_publish_parts(ch, t, t_len, none, 0, d, d_len, tag, key)
        })
    }

    /// Sets the time: sends heartbeats, gives up clients that have stalled.
    pub fn tick(&self, now: Instant) {
        let (ch, now_ms) = (at(&self.0.channel, 0), self.0.ms(now));
        // SAFETY: a channel under its lock. Its tick does not fail.
        let _ok = self.0.call(|| unsafe { sse_channel_tick(ch, now_ms) });
    }

    /// How long until a tick is due; `None`: nothing will be due by itself.
    pub fn timeout(&self, now: Instant) -> Option<Duration> {
        let (_lock, ch, now_ms) = (self.0.lock(), at(&self.0.channel, 0), self.0.ms(now));
        // SAFETY: a channel under its lock.
        let wait_ms = unsafe { sse_channel_timeout(ch, now_ms) };
        wait_ms.try_into().ok().map(Duration::from_millis)
    }

    /// The tokens of the clients that have something to read, or are over: each one once, until it
    /// has read all and there is more. None where threads wait for news.
    pub fn ready(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::from_fn(move || self.0.next(&mut self.0.lock()).map(|(slot, _)| slot.token))
    }

    /// Ticks when it is due: the life of a thread. Returns when the channel drains, and all its
    /// clients were dropped or the limit of the drain is over.
    pub fn keep_time(&self) {
        let (ch, mut state) = (at(&self.0.channel, 0), self.0.lock());
        state.is_threaded = true;
        loop {
            let now = Instant::now();
            let now_ms = self.0.ms(now);
            // SAFETY: a channel under its lock.
            unsafe { sse_channel_tick(ch, now_ms) };
            self.0.wake(&mut state);
            // SAFETY: as above.
            let wait_ms = unsafe { sse_channel_timeout(ch, now_ms) };
            let wait = wait_ms.try_into().map_or(Duration::MAX, Duration::from_millis);
            let left = state.end.map_or(Duration::MAX, |end| end.saturating_duration_since(now));
            if state.is_draining && (state.clients == 0 || left.is_zero()) {
                return;
            }
            let wait = wait.min(left);
            let woken = self.0.sooner.wait_timeout(state, wait);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Sends every client away, to come back after `retry` and a part of `window` of its own. Gives
    /// up those that have not taken all after `limit`.
    pub fn drain(&self, retry: Duration, window: Duration, limit: Duration) -> Result {
        let (ch, none, mut state) = (at(&self.0.channel, 0), ptr::null(), self.0.lock());
        let (retry, window, limit_ms) = (ms(retry), ms(window), ms(limit));
        // SAFETY: a channel under its lock. Two absent ranges: the usual farewell.
        check(unsafe { sse_channel_drain(ch, none, 0, none, 0, retry, window, 0, limit_ms) })?;
        state.is_draining = true;
        state.end = if limit_ms > 0 { Instant::now().checked_add(limit) } else { None };
        self.0.wake(&mut state);
        Ok(())
    }

    /// A counter, by its number in `enum sse_channel_counter`; 0: how many clients there are.
    pub fn count(&self, counter: i32) -> u64 {
        let _lock = self.0.lock();
        // SAFETY: a channel under its lock.
        unsafe { sse_channel_count(at(&self.0.channel, 0), counter) }
    }
}

/// A client of a channel. It leaves when it is dropped. Threads can share it: one reads, another
/// one sends.
pub struct Client {
    shared: Arc<Shared>,
    slot: Arc<Slot>,
    memory: Block, // the subscriber, its queue, its tags
    has_gap: bool,
}

impl Client {
    /// Whether it has missed events, or may have: an event of type `gap` tells it so.
    pub fn has_gap(&self) -> bool {
        self.has_gap
    }

    /// Queues an event for it alone, which it does not get again when it comes back.
    pub fn send(&self, event_type: Option<&str>, data: impl AsRef<[u8]>) -> Result {
        let ((t, t_len), (d, d_len)) = (text(event_type), range(Some(data.as_ref())));
        let (s, none) = (at(&self.memory, 0), ptr::null());
        // SAFETY: a subscriber under its lock, and ranges that live during the call.
        self.shared.call(|| unsafe { sse_subscriber_send_parts(s, t, t_len, none, 0, d, d_len) })
    }

    fn take(&self, to: &mut [u8], _lock: &mut State) -> Result<usize> {
        let (dst, cap, mut len) = (to.as_mut_ptr().cast(), to.len(), 0);
        // SAFETY: a subscriber under its lock, and cap bytes to write to.
        check(unsafe { sse_subscriber_read(at(&self.memory, 0), dst, cap, &mut len) })?;
        Ok(len)
    }

    /// Takes bytes, if there are some now.
    pub fn try_read(&self, to: &mut [u8]) -> Result<usize> {
        self.take(to, &mut self.shared.lock())
    }

    /// Ends the stream after what was published and sent until now.
    pub fn close(&self) -> Result {
        // SAFETY: a subscriber under its lock.
        self.shared.call(|| unsafe { sse_subscriber_close(at(&self.memory, 0)) })
    }

    /// How many events it has not taken yet.
    pub fn behind(&self) -> u64 {
        let _lock = self.shared.lock();
        // SAFETY: a subscriber under its lock.
        unsafe { sse_subscriber_behind(at(&self.memory, 0)) }
    }
}

/// Waits for bytes; 0 is the regular end. As for a `TcpStream`, it is the reference that reads.
impl Read for &Client {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        let mut state = self.shared.lock();
        state.is_threaded = true;
        loop {
            match Client::take(self, to, &mut state) {
                Err(Error::Again) => {
                    let woken = self.slot.more.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                }
                Err(Error::Closed(END)) => return Ok(0),
                other => return Ok(other?),
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        // SAFETY: a subscriber under its lock. It can have left, or not have joined.
        unsafe { sse_subscriber_leave(at(&self.memory, 0)) };
        state.clients -= 1;
        self.shared.sooner.notify_one();
    }
}
