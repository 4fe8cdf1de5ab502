/* The gap event: what a subscriber is told where events are missing. */
#include "fanout.h"
#include "out.h"

/* null, or a string of an automatic id, which needs no escapes. */
static void put_id(sse_out *o, const sse_replay *log, int known, uint64_t number)
{
    char id[SSE_REPLAY_ID_MAX];
    size_t len;

    if (known && number >= log->born && sse_replay_id(log, number, id, &len) == SSE_OK) {
        SSE_OUT_LIT(o, "\"");
        sse_out_put(o, id, len);
        SSE_OUT_LIT(o, "\"");
    } else {
        SSE_OUT_LIT(o, "null");
    }
}

static void put_count(sse_out *o, int known, uint64_t count)
{
    char memory[20];
    const char *digits;

    if (known) {
        digits = sse_log_number(memory + sizeof memory, count, 10);
        sse_out_put(o, digits, (size_t)(memory + sizeof memory - digits));
    } else {
        SSE_OUT_LIT(o, "null");
    }
}

void sse_subscriber_tell_gap(sse_subscriber *s)
{
    const sse_replay *const log = s->channel_->log_;
    const int sees_all = s->cursor_.filter_ == NULL; /* others are not told what others get */
    const int known = sees_all && !(s->state_ & SSE_SUB_UNKNOWN);
    char data[125]; /* two ids, a count, and 31 bytes around them */
    char id[SSE_REPLAY_ID_MAX];
    sse_event ev = {{NULL, 0}, {NULL, 0}, SSE_LIT("gap"), {NULL, 0}, 0};
    sse_out o = sse_out_to(data, sizeof data);
    uint64_t first, count;

    sse_cursor_skip(&s->cursor_, log, &first, &count);
    SSE_OUT_LIT(&o, "{\"first\":");
    put_id(&o, log, known, first);
    SSE_OUT_LIT(&o, ",\"last\":");
    put_id(&o, log, known, first + count - 1);
    SSE_OUT_LIT(&o, ",\"count\":");
    put_count(&o, known, count);
    SSE_OUT_LIT(&o, "}");
    ev.data.ptr = data;
    ev.data.len = o.len;
    if (sees_all && sse_replay_id(log, s->cursor_.next_ - 1, id, &ev.id.len) == SSE_OK)
        ev.id.ptr = id; /* who comes back after this is not told again */
    sse_writer_send(s->writer_, &ev);
    s->channel_->counters_.gaps++;
    if (s->state_ & SSE_SUB_OWED) { /* that was before it came, and no fault of its own */
        s->state_ &= ~(uint32_t)(SSE_SUB_OWED | SSE_SUB_UNKNOWN | SSE_SUB_LAGGED);
        sse_subscriber_owe(s);
    }
    s->first_ = sse_writer_pending(s->writer_);
}
