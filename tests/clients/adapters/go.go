// A stream in Go, with donovanhide/eventsource:  go URL [FAREWELL]
//
// Prints type, tab, id, tab, data, NUL. The package tells the id of an event only where it has one.
package main

import (
	"fmt"
	"os"

	"github.com/donovanhide/eventsource"
)

func main() {
	stream, err := eventsource.Subscribe(os.Args[1], "")
	if err != nil {
		return // refused: the caller has been told
	}
	go func() {
		for range stream.Errors { // it waits until they are read
		}
	}()
	last := ""
	for event := range stream.Events {
		kind := event.Event()
		if kind == "" {
			kind = "message"
		}
		if event.Id() != "" {
			last = event.Id()
		}
		fmt.Printf("%s\t%s\t%s\x00", kind, last, event.Data())
		if len(os.Args) > 2 && kind == os.Args[2] {
			stream.Close()
			return
		}
	}
}
