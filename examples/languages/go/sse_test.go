// SPDX-License-Identifier: MIT

package sse_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"example.org/sse"
)

func newChannel(t *testing.T, o sse.Options) *sse.Channel {
	t.Helper()
	o.Heartbeat = -1
	channel, err := sse.NewChannel(t.Name(), o)
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

func join(t *testing.T, channel *sse.Channel, j sse.Join) *sse.Client {
	t.Helper()
	client, err := channel.Join(j)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.TryRead(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	return client
}

func event(data string) sse.Event { return sse.Event{Data: []byte(data)} }

func TestWriterRefusesWhatDoesNotFitNow(t *testing.T) {
	w, err := sse.NewWriter(64)
	if err != nil {
		t.Fatal(err)
	}
	text := event("thirty bytes of data, and more")
	if err := w.Send(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Send(text); err != sse.ErrAgain {
		t.Errorf("err = %v, want %v", err, sse.ErrAgain)
	}
	w.Close()
	if got, err := io.ReadAll(w); err != nil || len(got) != len(text.Data)+8 {
		t.Errorf("ReadAll() = %q, %v", got, err)
	}
}

func TestReadWaitsForAnEvent(t *testing.T) {
	channel := newChannel(t, sse.Options{})
	defer channel.Close()
	client := join(t, channel, sse.Join{})
	time.AfterFunc(10*time.Millisecond, func() { channel.Publish(event("hello"), 0, 0) })
	p := make([]byte, 4096)
	n, err := client.Read(context.Background(), p)
	if err != nil || !bytes.HasSuffix(p[:n], []byte("data: hello\n\n")) {
		t.Errorf("Read() = %q, %v", p[:n], err)
	}
}

func TestReadEndsWithItsContextAndWithClose(t *testing.T) {
	channel := newChannel(t, sse.Options{})
	defer channel.Close()
	client := join(t, channel, sse.Join{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := client.Read(ctx, make([]byte, 9)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v, want %v", err, context.DeadlineExceeded)
	}
	time.AfterFunc(10*time.Millisecond, func() { client.Close() })
	if _, err := client.Read(context.Background(), make([]byte, 9)); err != sse.ErrArg {
		t.Errorf("err = %v, want %v", err, sse.ErrArg)
	}
}

func TestWriteToStalledClientEnds(t *testing.T) {
	channel := newChannel(t, sse.Options{})
	defer channel.Close()
	client := join(t, channel, sse.Join{Stall: 50 * time.Millisecond})
	channel.Publish(event("a write that blocks"), 0, 0)
	ours, theirs := net.Pipe()
	defer theirs.Close()
	time.AfterFunc(20*time.Millisecond, func() { channel.Publish(event("never taken"), 0, 0) })
	err := client.Serve(context.Background(), ours, ours.SetWriteDeadline)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("err = %v, want %v", err, os.ErrDeadlineExceeded)
	}
	if _, err := client.TryRead(make([]byte, 9)); err != sse.ErrStalled {
		t.Errorf("err = %v, want %v", err, sse.ErrStalled)
	}
}

func TestCloseEndsWriteThatBlocks(t *testing.T) {
	channel := newChannel(t, sse.Options{})
	client := join(t, channel, sse.Join{})
	channel.Publish(event("a write that blocks"), 0, 0)
	ours, theirs := net.Pipe()
	defer theirs.Close()
	time.AfterFunc(20*time.Millisecond, func() { channel.Close() })
	err := client.Serve(context.Background(), ours, ours.SetWriteDeadline)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("err = %v, want %v", err, os.ErrDeadlineExceeded)
	}
}

func TestChannelKeepsTimeForItsOnlyClient(t *testing.T) {
	channel, err := sse.NewChannel("/events", sse.Options{Heartbeat: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer channel.Close()
	client := join(t, channel, sse.Join{})
	p := make([]byte, 99)
	for i := 0; i < 3; i++ {
		if n, err := client.Read(context.Background(), p); err != nil || string(p[:n]) != ":\n\n" {
			t.Errorf("Read() = %q, %v", p[:n], err)
		}
	}
}

// Goroutines of all kinds at once: it is for go test -race.
func TestGoroutinesShareChannel(t *testing.T) {
	const clients, events = 20, 200
	channel := newChannel(t, sse.Options{})
	ctx := context.Background()
	var streams sync.WaitGroup
	for i := 0; i < clients; i++ {
		client := join(t, channel, sse.Join{})
		streams.Add(1)
		go func() {
			defer streams.Done()
			defer client.Close()
			var got bytes.Buffer
			if err := client.Serve(ctx, &got, nil); err != nil {
				t.Error(err)
			}
			if n := bytes.Count(got.Bytes(), []byte("data: x\n")); n != events {
				t.Errorf("%d events, want %d", n, events)
			}
		}()
	}
	var publishers sync.WaitGroup
	for i := 0; i < 4; i++ {
		publishers.Add(1)
		go func() {
			defer publishers.Done()
			for i := 0; i < events/4; i++ {
				channel.Publish(event("x"), 0, 0)
			}
		}()
	}
	publishers.Wait()
	channel.Drain(time.Second, 0, 0)
	streams.Wait()
	if n := channel.Stats().Subscribers; n != 0 {
		t.Errorf("%d subscribers", n)
	}
	channel.Close()
	if err := channel.Publish(event("too late"), 0, 0); err != sse.ErrArg {
		t.Errorf("err = %v, want %v", err, sse.ErrArg)
	}
}
