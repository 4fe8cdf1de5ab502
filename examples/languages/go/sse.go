// SPDX-License-Identifier: MIT

// Package sse emits Server-Sent Events. It binds libsse through cgo, and links -lsse: where the
// library is in no usual place, set CGO_CFLAGS=-I<headers> and CGO_LDFLAGS=-L<folder>.
//
//	channel, err := sse.NewChannel("/events", sse.Options{})
//	defer channel.Close()
//	channel.Publish(sse.Event{Type: sse.Text("price"), Data: []byte("42")}, 0, 0)
//	...
//	client, err := channel.Join(sse.Join{LastEventID: r.Header.Get("Last-Event-ID")})
//	defer client.Close()
//	client.Serve(r.Context(), w, nil)
//
// Memory: a [Writer] is Go memory, since the library keeps no pointers in it. A [Channel] and a
// [Client] point at each other, which Go memory must not do in C's hands: they are C memory, which
// Close frees. What is not closed is freed once neither the channel nor its clients can be reached.
package sse

/*
#cgo LDFLAGS: -lsse
#include <sse/sse.h>
#include <stdlib.h>
*/
import "C"

import (
	"io"
	"math"
	"strings"
	"time"
	"unsafe"
)

// A Status is a result of the library that is no success, as an error: compare with [errors.Is].
type Status int

// ErrAgain says that nothing can move now: the queue is full, or there is nothing to read. For the
// others see sse/status.h. The end of a stream is [io.EOF].
const (
	ErrAgain   Status = C.SSE_AGAIN
	ErrArg     Status = C.SSE_E_ARG
	ErrRange   Status = C.SSE_E_RANGE
	ErrTooBig  Status = C.SSE_E_TOOBIG
	ErrField   Status = C.SSE_E_FIELD
	ErrState   Status = C.SSE_E_STATE
	ErrTorn    Status = C.SSE_E_TORN
	ErrLagged  Status = C.SSE_E_LAGGED
	ErrStalled Status = C.SSE_E_STALLED
)

// Error returns what the library says of the status.
func (s Status) Error() string {
	return "sse: " + C.GoString(C.sse_status_text(C.int(s)))
}

// Closed reports whether the library has closed the stream.
func (s Status) Closed() bool {
	return C.sse_status_closed(C.int(s)) != 0
}

func check(status C.int) error {
	switch status {
	case C.SSE_OK, C.SSE_GAP:
		return nil
	case C.SSE_END:
		return io.EOF
	}
	return Status(status)
}

// Text is a part of an event that can be absent, which is nil; Text("") is present and empty. It is
// UTF-8. A type and an id have no control characters, and an id no space at its ends: [ErrField].
type Text []byte

var empty C.char

func (t Text) c() (*C.char, C.size_t) {
	if t == nil {
		return nil, 0
	} else if len(t) == 0 {
		return &empty, 0
	}
	return (*C.char)(unsafe.Pointer(&t[0])), C.size_t(len(t))
}

// An Event is what a client dispatches. An empty ID makes it forget its last event ID.
type Event struct {
	Type, ID Text
	Data     []byte // any number of lines; nil is ""
}

func (e *Event) parts() (t *C.char, tn C.size_t, i *C.char, in C.size_t, d *C.char, dn C.size_t) {
	t, tn = e.Type.c()
	i, in = e.ID.c()
	d, dn = Text(e.Data).c()
	return
}

// ms rounds up to milliseconds. What is out of range becomes the largest number: a wait of 49 days, or
// a reconnection time that the library refuses.
func ms(d time.Duration) C.uint32_t {
	n := (d + time.Millisecond - 1) / time.Millisecond
	if n < 0 || n > math.MaxUint32 {
		return math.MaxUint32
	}
	return C.uint32_t(n)
}

// Encode returns the bytes of one event, with a comment, unless it is nil, and a reconnection time,
// unless it is 0.
func Encode(e Event, comment Text, retry time.Duration) ([]byte, error) {
	c, cn := comment.c()
	t, tn, i, in, d, dn := e.parts()
	dst := make([]byte, 64+len(comment)+len(e.Type)+len(e.ID)+len(e.Data))
	for {
		var n C.size_t
		status := C.sse_event_encode_parts(c, cn, t, tn, i, in, ms(retry), d, dn,
			unsafe.Pointer(&dst[0]), C.size_t(len(dst)), &n)
		if status != C.SSE_E_SPACE {
			return dst[:n], check(status)
		}
		dst = make([]byte, n) // many lines
	}
}

// A Writer is a queue of whole events for one client. One goroutine uses it at a time.
type Writer struct {
	block []C.size_t
}

// NewWriter makes a queue of that many bytes, at least 64.
func NewWriter(capacity int) (*Writer, error) {
	if capacity < int(C.sse_writer_capacity_min()) {
		return nil, ErrArg
	}
	size := C.sse_writer_overhead() + C.size_t(capacity)
	w := &Writer{make([]C.size_t, size/C.sizeof_size_t+1)}
	C.sse_writer_init(unsafe.Pointer(&w.block[0]), size, 0)
	return w, nil
}

func (w *Writer) c() *C.sse_writer {
	return (*C.sse_writer)(unsafe.Pointer(&w.block[0]))
}

// Send queues an event. [ErrAgain]: it does not fit now, read first.
func (w *Writer) Send(e Event) error {
	t, tn, i, in, d, dn := e.parts()
	return check(C.sse_writer_send_parts(w.c(), t, tn, i, in, d, dn))
}

// Comment queues a comment, which clients ignore.
func (w *Writer) Comment(text Text) error {
	c, n := text.c()
	return check(C.sse_writer_comment(w.c(), c, n))
}

// Retry queues a reconnection time.
func (w *Writer) Retry(after time.Duration) error {
	return check(C.sse_writer_retry(w.c(), ms(after)))
}

// Read moves queued bytes to p. It does not wait: [ErrAgain] where there are none, and [io.EOF]
// after the last ones of a queue that is closed.
func (w *Writer) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var n C.size_t
	dst, size := Text(p).c()
	err := check(C.sse_writer_read(w.c(), unsafe.Pointer(dst), size, &n))
	return int(n), err
}

// Close ends the stream: what is queued can still be read.
func (w *Writer) Close() error {
	return check(C.sse_writer_close(w.c()))
}

// Accepts reports whether a client that sends this Accept field takes a stream.
func Accepts(accept string) bool {
	a, n := Text(accept).c()
	return C.sse_http_accepts(a, n) != 0
}

// A Field is a field of a response.
type Field struct{ Name, Value string }

// Fields lists the fields of an answer: 200 is the stream, 204 answers OPTIONS, others refuse. An
// origin, such as "*", may read it in a browser. The methods are those of the route, for Allow;
// none: GET, HEAD, OPTIONS.
func Fields(status int, origin string, methods ...string) ([]Field, error) {
	var fields []Field
	var flags C.uint32_t
	var o, m Text
	if status == 204 {
		flags = C.SSE_HTTP_PREFLIGHT
	}
	if origin != "" {
		o = Text(origin)
	}
	if len(methods) > 0 {
		m = Text(strings.Join(methods, ", "))
	}
	from, size := o.c()
	allow, length := m.c()
	dst := make([]byte, 256+len(o)+len(m))
	for {
		var n, v C.size_t
		s := C.sse_http_field_parts(C.SSE_HTTP_MANAGED, C.int(status), flags, 0, from, size, allow, length,
			C.size_t(len(fields)), (*C.char)(unsafe.Pointer(&dst[0])), C.size_t(len(dst)), &n, &v)
		if s != C.SSE_OK {
			if s == C.SSE_END {
				return fields, nil
			}
			return nil, check(s)
		}
		fields = append(fields, Field{string(dst[:n]), string(dst[n+1 : n+1+v])})
	}
}
