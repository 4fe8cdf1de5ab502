// SPDX-License-Identifier: MIT
//! test_format.rs - the unit test of an application's own events.
//!
//!     rustc --edition 2021 --test test_format.rs && ./test_format
#[allow(dead_code)]
mod sse;

use std::time::Duration;

/// What the application sends when an order changes.
fn order_changed(number: &str, state: &str) -> sse::Result<Vec<u8>> {
    let data = format!("{{\"order\": \"{number}\",\n \"state\": \"{state}\"}}");
    sse::encode(Some("order"), Some(number), None, Duration::ZERO, data)
}

#[test]
fn an_order_is_an_event_with_its_number_as_the_id() {
    let expected =
        "event: order\nid: A7\ndata: {\"order\": \"A7\",\ndata:  \"state\": \"paid\"}\n\n";
    assert_eq!(order_changed("A7", "paid"), Ok(expected.into()));
}

#[test]
fn a_line_break_in_the_number_is_refused() {
    let error = order_changed("A7\ndata: forged", "paid").unwrap_err();
    assert_eq!(error, sse::Error::Refused(-4));
    assert_eq!(error.to_string(), "invalid byte in field (-4)");
}
