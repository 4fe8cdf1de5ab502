// SPDX-License-Identifier: MIT

// The server shows package sse with net/http:
//
//	go run ./server 8080
//	curl -N http://127.0.0.1:8080/events &
//	curl -d hello http://127.0.0.1:8080/publish
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"example.org/sse"
)

const (
	retry   = time.Second
	window  = 2 * time.Second
	limit   = 2 * time.Second
	bodyMax = 32 << 10
)

type server struct {
	channel *sse.Channel
	stall   time.Duration
}

type connKey struct{}

// now is CLOCK_MONOTONIC: an event of type tick has it.
func now() time.Duration {
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}

// userTag is the number of a user, 0 for nobody. A real application has numbers of its users, and
// knows from a session who asks.
func userTag(query url.Values) uint64 {
	if query.Get("user") == "" {
		return 0
	}
	hash := fnv.New64a()
	io.WriteString(hash, query.Get("user"))
	return hash.Sum64() | 1 // 0 would be everybody
}

// answer sends the head of an answer; the body of 200 is the stream.
func answer(w http.ResponseWriter, status int, methods ...string) {
	fields, _ := sse.Fields(status, "*", methods...)
	for _, f := range fields {
		w.Header().Add(f.Name, f.Value)
	}
	w.WriteHeader(status)
}

func (s *server) events(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	switch {
	case r.Method == http.MethodOptions:
		answer(w, http.StatusNoContent)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		answer(w, http.StatusMethodNotAllowed)
	case !sse.Accepts(strings.Join(r.Header.Values("Accept"), ",")):
		answer(w, http.StatusNotAcceptable)
	case err != nil:
		answer(w, http.StatusBadRequest)
	case r.Method == http.MethodHead:
		answer(w, http.StatusOK)
	default:
		s.stream(w, r, userTag(query))
	}
}

func (s *server) stream(w http.ResponseWriter, r *http.Request, user uint64) {
	tags := []uint64{} // the events for everybody
	if user != 0 {
		tags = append(tags, user)
	}
	client, err := s.channel.Join(sse.Join{
		LastEventID: r.Header.Get("Last-Event-ID"),
		Query:       r.URL.RawQuery,
		Tags:        tags,
		Stall:       s.stall,
		Retry:       retry,
	})
	if err != nil {
		answer(w, http.StatusServiceUnavailable)
		return
	}
	defer client.Close()
	answer(w, http.StatusOK)
	conn := r.Context().Value(connKey{}).(net.Conn) // since Go 1.20: http.NewResponseController(w)
	if client.Serve(r.Context(), w, conn.SetWriteDeadline) != nil {
		panic(http.ErrAbortHandler) // the connection ends, and the body does not
	}
}

func (s *server) publish(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		answer(w, http.StatusMethodNotAllowed, http.MethodPost)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	event := sse.Event{Data: data}
	if t := query.Get("type"); t != "" {
		event.Type = sse.Text(t)
	}
	if err := s.channel.Publish(event, userTag(query), 0); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s.channel.Stats())
}

// tick publishes the time, again and again.
func (s *server) tick(ctx context.Context, period time.Duration) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			data := strconv.FormatInt(now().Milliseconds(), 10)
			s.channel.Publish(sse.Event{Type: sse.Text("tick"), Data: []byte(data)}, 0, 0)
		}
	}
}

func setting(name string, usual time.Duration) time.Duration {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return time.Duration(n) * time.Millisecond
	}
	return usual
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	channel, err := sse.NewChannel("/events", sse.Options{
		Heartbeat: setting("APP_HEARTBEAT_MS", 0),
	})
	if err != nil {
		log.Fatal(err)
	}
	s := &server{channel, setting("APP_STALL_MS", 30*time.Second)}
	mux := http.NewServeMux()
	mux.HandleFunc("/events", s.events)
	mux.HandleFunc("/publish", s.publish)
	mux.HandleFunc("/status", s.status)
	front := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	if period := setting("APP_TICK_MS", 0); period > 0 {
		go s.tick(ctx, period)
	}
	go front.Serve(listener)
	<-ctx.Done()
	s.channel.Drain(retry, window, limit)
	ended, cancel := context.WithTimeout(context.Background(), limit+time.Second)
	defer cancel()
	front.Shutdown(ended) // waits for the streams
}
