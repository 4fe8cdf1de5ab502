// SPDX-License-Identifier: MIT

// The probe of package sse: README.md beside this file has its commands. It is built in the folder
// of the package, which has the module.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"example.org/sse"
)

var (
	words   []string
	writer  *sse.Writer
	channel *sse.Channel
	clients = map[string]*sse.Client{}
	names   = map[uintptr]string{}
	bytes   = make([]byte, 1<<20)
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func word() string {
	w := words[0]
	words = words[1:]
	return w
}

func number() uint64 { return must(strconv.ParseUint(word(), 10, 64)) }

func ms() time.Duration { return time.Duration(number()) * time.Millisecond }

func text() sse.Text {
	switch w := word(); w {
	case "-":
		return nil
	case ".":
		return sse.Text{}
	default:
		return must(hex.DecodeString(w))
	}
}

func tags() (tags []uint64) {
	w := word()
	if w == "." {
		return []uint64{}
	}
	if w != "-" {
		for _, tag := range strings.Split(w, ",") {
			tags = append(tags, must(strconv.ParseUint(tag, 10, 64)))
		}
	}
	return tags
}

func client() *sse.Client { return clients[word()] }

func hexed(b []byte) string {
	if len(b) == 0 {
		return "."
	}
	return hex.EncodeToString(b)
}

// answer is ok with a value, or what the error is.
func answer(value string, err error) string {
	status, isStatus := err.(sse.Status)
	switch {
	case err == nil:
		return strings.TrimSpace("ok " + value)
	case err == io.EOF:
		return "closed 2"
	case err == sse.ErrAgain:
		return "again"
	case !isStatus:
		panic(err)
	case status.Closed():
		return fmt.Sprintf("closed %d", status)
	}
	return fmt.Sprintf("error %d", status)
}

func read(from func([]byte) (int, error)) string {
	n, err := from(bytes[:number()])
	return answer(hexed(bytes[:n]), err)
}

// id tells clients apart without keeping one that was forgotten.
func id(c *sse.Client) uintptr { return uintptr(unsafe.Pointer(c)) }

func join() (string, error) {
	k := word()
	header, query, tags, capacity := string(text()), string(text()), tags(), int(number())
	stall, retry := ms(), ms()
	if clients[k] != nil {
		clients[k].Close()
	}
	channel.Tick(ms())
	c, err := channel.Join(sse.Join{LastEventID: header, Query: query, Tags: tags, Capacity: capacity,
		Stall: stall, Retry: retry})
	if err != nil {
		return "", err
	}
	clients[k], names[id(c)] = c, k
	return k, nil
}

// throw panics in the loop over the clients that are ready.
func throw() (answer string) {
	defer func() {
		if k := recover(); k != nil {
			answer = fmt.Sprint("thrown ", k)
		}
	}()
	for c := channel.Ready(); c != nil; c = channel.Ready() {
		panic(names[id(c)])
	}
	return "ok"
}

func bench(what string, n int) time.Duration {
	event := sse.Event{Type: sse.Text("tick"), Data: []byte("hello from libsse !")}
	w := must(sse.NewWriter(4096))
	ch := must(sse.NewChannel("bench", sse.Options{Epoch: 1, Manual: true}))
	c := must(ch.Join(sse.Join{}))
	for must(c.TryRead(bytes)) == len(bytes) {
	}
	ch.Ready()
	once := map[string]func(){
		"encode": func() { must(sse.Encode(event, nil, 0)) },
		"send": func() {
			if w.Send(event) != nil || must(w.Read(bytes[:4096])) == 0 {
				panic("send")
			}
		},
		"publish": func() {
			if ch.Publish(event, 0, 0) != nil || ch.Ready() != c || must(c.TryRead(bytes)) == 0 {
				panic("publish")
			}
			if _, err := c.TryRead(bytes); err != sse.ErrAgain {
				panic(err)
			}
		},
	}[what]
	start := time.Now()
	for i := 0; i < n; i++ {
		once()
	}
	return time.Since(start)
}

func do(command string) string {
	switch command {
	case "encode":
		comment, event := text(), sse.Event{Type: text(), ID: text()}
		retry, absent := ms(), words[0] == "-"
		event.Data = text()
		if absent {
			return "skip" // Encode always has data
		}
		b, err := sse.Encode(event, comment, retry)
		return answer(hexed(b), err)
	case "writer":
		writer = must(sse.NewWriter(int(number())))
	case "send":
		return answer("", writer.Send(sse.Event{Type: text(), ID: text(), Data: text()}))
	case "comment":
		return answer("", writer.Comment(text()))
	case "retry":
		return answer("", writer.Retry(ms()))
	case "read":
		return read(writer.Read)
	case "close":
		return answer("", writer.Close())
	case "channel":
		name := string(text())
		o := sse.Options{Epoch: number(), Events: uint32(number()), Capacity: uint32(number()),
			Heartbeat: ms(), Now: ms(), Manual: true}
		if o.Heartbeat == 0 {
			o.Heartbeat = -1
		}
		channel, clients = must(sse.NewChannel(name, o)), map[string]*sse.Client{}
	case "join":
		k, err := join()
		if err == nil && clients[k].Gap {
			return "gap"
		}
		return answer("", err)
	case "publish":
		event, tag, key := sse.Event{Type: text(), Data: text()}, number(), number()
		channel.Tick(ms())
		return answer("", channel.Publish(event, tag, key))
	case "tick":
		channel.Tick(ms())
	case "ready":
		all := ""
		for c := channel.Ready(); c != nil; c = channel.Ready() {
			all += " " + names[id(c)]
		}
		return "ok" + all
	case "throw":
		return throw()
	case "take":
		return read(client().TryRead)
	case "tell":
		return answer("", client().Send(sse.Event{Type: text(), Data: text()}))
	case "end":
		return answer("", client().End())
	case "leave":
		return answer("", client().Close())
	case "forget":
		delete(clients, word())
	case "behind":
		return fmt.Sprint("ok ", client().Behind())
	case "count":
		s := channel.Stats()
		return fmt.Sprint("ok ", []uint64{s.Subscribers, s.Joined, s.Resumed, s.Events, s.Bytes, s.Gaps,
			s.Closed, s.Heartbeats}[number()])
	case "timeout":
		return fmt.Sprint("ok ", channel.Timeout(ms()).Milliseconds())
	case "drain":
		return answer("", channel.Drain(ms(), ms(), ms()))
	case "accepts":
		if sse.Accepts(string(text())) {
			return "ok 1"
		}
		return "ok 0"
	case "fields":
		all, status, origin, methods := "", int(number()), string(text()), []string{}
		if m := text(); m != nil {
			methods = append(methods, string(m))
		}
		for _, f := range must(sse.Fields(status, origin, methods...)) {
			all += " " + hexed([]byte(f.Name)) + "=" + hexed([]byte(f.Value))
		}
		return "ok" + all
	case "bench":
		what, n := word(), int(number())
		return fmt.Sprintf("ok %.1f", float64(bench(what, n))/float64(n))
	default:
		panic(command)
	}
	return "ok"
}

func main() {
	gc := len(os.Args) > 1 && os.Args[1] == "--gc"
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words = strings.Split(lines.Text(), " ")
		if gc {
			runtime.GC()
		}
		fmt.Println(do(word()))
		if gc {
			runtime.GC()
		}
	}
}
