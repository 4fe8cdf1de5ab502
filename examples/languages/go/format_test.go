// SPDX-License-Identifier: MIT

package sse_test

import (
	"errors"
	"fmt"
	"testing"

	"example.org/sse"
)

// placed is of the application: what its clients get when an order was placed.
func placed(order string, total int) ([]byte, error) {
	data := fmt.Sprintf("{\n  \"total\": %d\n}", total)
	event := sse.Event{Type: sse.Text("order"), ID: sse.Text(order), Data: []byte(data)}
	return sse.Encode(event, nil, 0)
}

func TestOrderIsAnEvent(t *testing.T) {
	const want = "event: order\nid: o-1\ndata: {\ndata:   \"total\": 12\ndata: }\n\n"
	if got, err := placed("o-1", 12); err != nil || string(got) != want {
		t.Errorf("placed() = %q, %v, want %q", got, err, want)
	}
}

func TestOrderWithLineBreakIsRefused(t *testing.T) {
	if _, err := placed("o-1\ndata: forged", 12); !errors.Is(err, sse.ErrField) {
		t.Errorf("err = %v, want %v", err, sse.ErrField)
	}
}
