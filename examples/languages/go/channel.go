// SPDX-License-Identifier: MIT

package sse

// #include <sse/sse.h>
// #include <stdlib.h>
import "C"

import (
	"math"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// A block is C memory. Its finalizer only frees: it runs where neither the channel nor any of its
// clients can be reached any more.
type block struct{ at unsafe.Pointer }

func newBlock(size C.size_t) *block {
	b := &block{C.calloc(1, size)}
	if b.at == nil {
		panic("sse: out of memory")
	}
	runtime.SetFinalizer(b, (*block).free)
	return b
}

func (b *block) free() {
	C.free(b.at)
	b.at = nil // the library answers calls with ErrArg
}

func aligned(size C.size_t) C.size_t { return (size + 7) &^ 7 }

// A Channel publishes each event to all its clients, and keeps the latest ones for those that come
// back. Any goroutine may call the methods of a channel and its clients.
type Channel struct {
	mu      sync.Mutex // protects the channel and all its clients
	block   *block     // the channel, then its history
	clients map[*C.sse_subscriber]*Client
	manual  bool
	start   time.Time   // of the clock
	timer   *time.Timer // nil: it was never needed
	due     time.Duration
}

const never = time.Duration(math.MaxInt64)

// Options of a channel. Zero values have a meaning that suits most programs.
type Options struct {
	Epoch     uint64        // another one in each run of the program; 0: the time of day
	Events    uint32        // the most events that it keeps; 0: 1000
	Capacity  uint32        // the most bytes that it keeps; 0: 1 MiB
	Heartbeat time.Duration // the silence after which a client gets a heartbeat; 0: 15 s; below: none
	Manual    bool          // the program calls Tick and Ready, and no goroutine waits for a client
	Now       time.Duration // the clock of Tick
}

// NewChannel makes a channel. Each channel of a program has a name of its own. A channel keeps its
// time by itself, unless it is Manual. Close it.
func NewChannel(name string, o Options) (*Channel, error) {
	epoch := or(o.Epoch, uint64(time.Now().UnixMilli()))
	events, capacity := or(o.Events, 1000), or(o.Capacity, 1<<20)
	heartbeat := ms(or(o.Heartbeat, time.Duration(C.sse_heartbeat_default_ms())*time.Millisecond))
	if o.Heartbeat < 0 {
		heartbeat = 0
	}
	size := C.sse_history_size(C.uint32_t(events), C.size_t(capacity))
	history := aligned(C.sse_channel_size())
	ch := &Channel{block: newBlock(history + size), clients: map[*C.sse_subscriber]*Client{},
		manual: o.Manual, start: time.Now().Add(-o.Now), due: never}
	n, len := Text(name).c()
	h := C.sse_history_init(unsafe.Add(ch.block.at, history), size, C.uint32_t(events), 0,
		C.uint64_t(epoch), n, len)
	if err := check(C.sse_channel_init(ch.c(), h, heartbeat, 0, clock(o.Now))); err != nil {
		return nil, err
	}
	return ch, nil
}

// or is the usual value for one that is zero.
func or[T comparable](value, usual T) T {
	var zero T
	if value == zero {
		return usual
	}
	return value
}

func clock(now time.Duration) C.uint64_t { return C.uint64_t(now.Milliseconds()) }

func (ch *Channel) c() *C.sse_channel { return (*C.sse_channel)(ch.block.at) }

// do calls the library. Unless the channel is manual, it sets the time before, and after it wakes the
// clients that have something to take.
func (ch *Channel) do(call func() C.int) error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.manual {
		return check(call())
	}
	now := time.Since(ch.start)
	C.sse_channel_tick(ch.c(), clock(now))
	status := call()
	for ch.next() != nil {
	}
	wait := time.Duration(C.sse_channel_timeout(ch.c(), clock(now))) * time.Millisecond
	if wait >= 0 && now+wait < ch.due {
		ch.due = now + wait
		if ch.timer != nil {
			ch.timer.Stop()
		}
		ch.timer = time.AfterFunc(wait, ch.onTime)
	}
	return check(status)
}

func (ch *Channel) onTime() {
	_ = ch.do(func() C.int {
		ch.due = never
		return C.SSE_OK
	})
}

func notify(waiter chan<- struct{}) {
	select {
	case waiter <- struct{}{}:
	default: // it knows already
	}
}

func (ch *Channel) next() *Client {
	s := C.sse_channel_next(ch.c())
	if s == nil {
		return nil
	}
	c := ch.clients[s]
	notify(c.more)
	c.learn(C.sse_subscriber_status(s))
	return c
}

// Ready returns the next client that has something to take, or was closed by the library; nil:
// there is none now. It is for a channel that is Manual.
func (ch *Channel) Ready() *Client {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.next()
}

// Publish publishes an event, which has no ID: the channel numbers its events. A tag that is not 0
// shows it to those clients alone that have this tag. A key that is not 0 makes it the newest state
// of something.
func (ch *Channel) Publish(e Event, tag, key uint64) error {
	t, tn, i, in, d, dn := e.parts()
	return ch.do(func() C.int {
		return C.sse_channel_publish_parts(ch.c(), t, tn, i, in, d, dn, C.uint64_t(tag), C.uint64_t(key))
	})
}

// Tick sets the time of a channel that is Manual, on a monotonic clock of the program: heartbeats and
// limits follow it. Call it before Publish and Join, too.
func (ch *Channel) Tick(now time.Duration) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	C.sse_channel_tick(ch.c(), clock(now))
}

// Timeout returns how long it is until Tick is due; -1 ms: for ever.
func (ch *Channel) Timeout(now time.Duration) time.Duration {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return time.Duration(C.sse_channel_timeout(ch.c(), clock(now))) * time.Millisecond
}

// Drain sends all clients away, with a time to reconnect between retry and retry + window. Those
// that do not take it within the limit are closed. There are no new clients from now on.
func (ch *Channel) Drain(retry, window, limit time.Duration) error {
	return ch.do(func() C.int {
		return C.sse_channel_drain(ch.c(), nil, 0, nil, 0, ms(retry), ms(window), 0, ms(limit))
	})
}

// Stats are the counters of a channel, since its start.
type Stats struct {
	Subscribers uint64 `json:"subscribers"` // clients now
	Joined      uint64 `json:"joined"`
	Resumed     uint64 `json:"resumed"` // joins that went on after a last event ID, without a gap
	Events      uint64 `json:"events"`
	Bytes       uint64 `json:"bytes"` // taken, by all clients
	Gaps        uint64 `json:"gaps"`
	Closed      uint64 `json:"closed"` // clients that were closed for an error
	Heartbeats  uint64 `json:"heartbeats"`
}

// Stats returns the counters.
func (ch *Channel) Stats() (s Stats) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	for i, n := range []*uint64{&s.Subscribers, &s.Joined, &s.Resumed, &s.Events, &s.Bytes, &s.Gaps,
		&s.Closed, &s.Heartbeats} {
		*n = uint64(C.sse_channel_count(ch.c(), C.int(i)))
	}
	return s
}

// Close closes all clients at once, and frees the memory. Calls that follow return ErrArg.
func (ch *Channel) Close() error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.timer != nil {
		ch.timer.Stop()
	}
	for _, c := range ch.clients {
		c.leave()
	}
	ch.block.free()
	return nil
}
