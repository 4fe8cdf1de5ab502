// SPDX-License-Identifier: MIT

package sse

// #include <sse/sse.h>
import "C"

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"sort"
	"time"
	"unsafe"
)

// A Client is one stream of a [Channel]. Close it. One that is dropped without Close stays in its
// channel until the library closes it, such as after Join.Stall.
type Client struct {
	Gap      bool // it had an ID from which the channel cannot go on: a gap event comes first
	channel  *Channel
	block    *block                // the subscriber, its queue, its tags
	more     chan struct{}         // there may be something to take
	deadline func(time.Time) error // of the transport, while Serve writes to it
}

// Join says what is known of a client that joins a channel.
type Join struct {
	LastEventID string        // the field of the request; "": none
	Query       string        // of the URL, which may have the ID as lastEventId
	Tags        []uint64      // events that it sees, next to those for everybody; nil: all events
	Stall       time.Duration // it is closed after this time without a byte taken; 0: never
	Retry       time.Duration // its reconnection time; 0: its own
	Capacity    int           // bytes of its queue, at least 512; 0: 33 KiB
}

// Join adds a client. The answer to it is [Fields] of the status 200.
func (ch *Channel) Join(j Join) (*Client, error) {
	if j.Capacity < 0 {
		return nil, ErrArg
	}
	tags := append([]uint64{}, j.Tags...)
	sort.Slice(tags, func(a, b int) bool { return tags[a] < tags[b] })
	queue := aligned(C.sse_subscriber_size())
	size := C.sse_writer_overhead() + C.size_t(or(j.Capacity, 33<<10))
	end := queue + aligned(size)
	block := newBlock(end + C.size_t(len(tags))*8)
	c := &Client{channel: ch, block: block, more: make(chan struct{}, 1)}
	filter := (*C.uint64_t)(unsafe.Add(c.block.at, end))
	copy(unsafe.Slice((*uint64)(filter), len(tags)), tags)
	id, idLen := Text(j.LastEventID).c()
	query, queryLen := Text(j.Query).c()
	err := ch.do(func() C.int {
		w := C.sse_writer_init(unsafe.Add(c.block.at, queue), size, 0)
		status := C.sse_http_send_parts(C.SSE_HTTP_MANAGED, 200, 0, ms(j.Retry),
			C.SSE_HTTP_FIRST_BLOCK, nil, 0, w)
		if status == C.SSE_OK {
			status = C.sse_subscriber_join(c.c(), ch.c(), w, nil, C.SSE_JOIN_GAPS, id, idLen,
				query, queryLen)
		}
		if status < C.SSE_OK {
			return status
		}
		ch.clients[c.c()], c.Gap = c, status == C.SSE_GAP
		if j.Tags != nil {
			C.sse_subscriber_set_filter(c.c(), filter, C.size_t(len(tags)))
		}
		return C.sse_subscriber_set_limits(c.c(), 0, ms(j.Stall), 0)
	})
	if err != nil {
		c.block.free()
		return nil, err
	}
	return c, nil
}

func (c *Client) c() *C.sse_subscriber { return (*C.sse_subscriber)(c.block.at) }

// Send sends an event, without an ID, to this client alone. It is not in the history. [ErrAgain]:
// its queue has no room now.
func (c *Client) Send(e Event) error {
	t, tn, i, in, d, dn := e.parts()
	return c.channel.do(func() C.int {
		return c.learn(C.sse_subscriber_send_parts(c.c(), t, tn, i, in, d, dn))
	})
}

// End ends the stream: the client gets what was published before.
func (c *Client) End() error {
	return c.channel.do(func() C.int { return c.learn(C.sse_subscriber_close(c.c())) })
}

// TryRead moves bytes to p, and does not wait: [ErrAgain] where there are none. [io.EOF] is the
// end; after a [Status] that is Closed, close the connection.
func (c *Client) TryRead(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.channel.mu.Lock()
	defer c.channel.mu.Unlock()
	var n C.size_t
	dst, size := Text(p).c()
	status := C.sse_subscriber_read(c.c(), unsafe.Pointer(dst), size, &n)
	return int(n), check(c.learn(status))
}

// learn lets the channel forget a client that the library has closed.
func (c *Client) learn(status C.int) C.int {
	if C.sse_status_closed(status) != 0 {
		delete(c.channel.clients, c.c())
		if status < C.SSE_E_FATAL {
			c.cut()
		}
	}
	return status
}

// cut ends a write that blocks.
func (c *Client) cut() {
	if c.deadline != nil {
		_ = c.deadline(time.Unix(1, 0))
	}
}

// Read is TryRead that waits, until the context is done. One goroutine reads a client at a time.
func (c *Client) Read(ctx context.Context, p []byte) (int, error) {
	for {
		n, err := c.TryRead(p)
		if err != ErrAgain {
			return n, err
		}
		select {
		case <-c.more:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Serve writes the stream to w until its end, which is no error. It flushes w where that is an
// [http.Flusher].
//
// deadline sets the write deadline of the connection, so that a write to a client that has stalled,
// or that another goroutine closes, does not block for ever: SetWriteDeadline of the [net.Conn] that
// http.Server.ConnContext has seen, or of the http.ResponseController since Go 1.20; nil: there is
// none.
func (c *Client) Serve(ctx context.Context, w io.Writer, deadline func(time.Time) error) error {
	c.interrupt(deadline)
	defer c.interrupt(nil)
	flusher, _ := w.(http.Flusher)
	bytes := make([]byte, 32<<10)
	for {
		n, err := c.Read(ctx, bytes)
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := w.Write(bytes[:n]); err != nil {
			return err
		}
		if flusher != nil {
			flusher.Flush()
		}
	}
}

func (c *Client) interrupt(deadline func(time.Time) error) {
	c.channel.mu.Lock()
	defer c.channel.mu.Unlock()
	c.deadline = deadline
}

// Behind returns how many events the client has not taken yet.
func (c *Client) Behind() uint64 {
	c.channel.mu.Lock()
	defer c.channel.mu.Unlock()
	defer runtime.KeepAlive(c) // it may be in its channel no longer
	return uint64(C.sse_subscriber_behind(c.c()))
}

// Close takes the client out of its channel at once, ends a write of Serve that blocks, and frees the
// memory. It may be called twice.
func (c *Client) Close() error {
	c.channel.mu.Lock()
	defer c.channel.mu.Unlock()
	c.leave()
	return nil
}

func (c *Client) leave() {
	C.sse_subscriber_leave(c.c())
	delete(c.channel.clients, c.c())
	c.block.free()
	c.cut()
	notify(c.more)
}
