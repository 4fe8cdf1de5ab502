# SPDX-License-Identifier: MIT
## Tests what an application makes of its orders: `nim r tformat.nim`

import std/[options, unittest]
import sse

proc orderShipped(id, item: string): string =
  ## The function under test, of an application with orders.
  encode("{\"item\": \"" & item & "\"}", event = "shipped", id = some(id))

suite "events of orders":
  test "an order that was shipped":
    check orderShipped("41", "crème brûlée") ==
      "event: shipped\nid: 41\ndata: {\"item\": \"crème brûlée\"}\n\n"

  test "a line break in an id is refused":
    expect SseError:
      discard orderShipped("41\ndata: forged", "tea")
