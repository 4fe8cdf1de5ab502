/* SPDX-License-Identifier: MIT */
/* sizes.c - what a binding has to know of this build: sizes and limits, by functions.
 *
 *     cc sizes.c -lsse -o sizes
 *     ./sizes
 *
 * Another language sees neither macros nor sizeof. It needs no layout of a struct either: it gives
 * memory of these sizes, and passes parts of events one by one. tests/bindings has three of them.
 */
#include <sse/sse.h>

#include <inttypes.h>
#include <stdio.h>

int main(void)
{
    const struct {
        const char *name;
        uint64_t value;
    } table[] = {
        {"version", sse_version_number()},
        {"channel, bytes", sse_channel_size()},
        {"subscriber, bytes", sse_subscriber_size()},
        {"queue of a subscriber, at least", sse_subscriber_queue_min()},
        {"writer, beside its queue", sse_writer_overhead()},
        {"queue of a writer, at least", sse_writer_capacity_min()},
        {"history of 1000 events and 64 KiB", sse_history_size(1000, 65536)},
        {"automatic id, at most", sse_history_id_max()},
        {"heartbeat, bytes", sse_heartbeat_size()},
        {"heartbeat, milliseconds", sse_heartbeat_default_ms()},
        {"event, bytes", sse_event_size()},
        {"part of an event, at most", sse_event_part_max()},
        {"reconnection time, at most", sse_event_retry_max()},
        {"answer, bytes", sse_http_answer_size()},
        {"field, bytes", sse_http_field_size()},
        {"fields of an answer, at most", sse_http_fields_max()},
        {"scratch for fields", sse_http_scratch()},
    };
    size_t i;

    printf("libsse %s\n", sse_version_text());
    for (i = 0; i < sizeof table / sizeof table[0]; i++)
        printf("%-36s %20" PRIu64 "\n", table[i].name, table[i].value);
    return 0;
}
