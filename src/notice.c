/* SPDX-License-Identifier: MIT */
/* The events that the library itself puts into a stream: place, gap, heartbeat, farewell. */
#include "notice.h"

#include "assert.h"
#include "chunk.h"
#include "digits.h"
#include "encode.h"
#include "fanout.h"
#include "history_layout.h"
#include "queue.h"
#include "sse/retry.h"
#include "str.h"

/* The longest gap: its lines, the id of its place, the JSON with two ids and a count, a chunk. */
enum {
    GAP_JSON_MAX = sizeof "{\"first\":\"\",\"last\":\"\",\"count\":}" - 1 +
                   (size_t)2 * SSE_HISTORY_ID_MAX + SSE_DIGITS64_MAX,
    GAP_MAX = sizeof "event: gap\nid: \ndata: \n\n" - 1 + SSE_HISTORY_ID_MAX + GAP_JSON_MAX +
              SSE_CHUNK_FRAME
};
SSE_STATIC_ASSERT((int)GAP_MAX <= (int)SSE_SUBSCRIBER_KEPT, a_gap_always_has_room);

/* An event with the type and data of a text; a comment where it has no type. */
static sse_event event_of(const sse_channel_text *text)
{
    const sse_str data = sse_str_of(text->bytes_ + text->type_len_, text->data_len_);
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};

    if (text->type_len_ == 0) {
        ev.comment = data;
    } else {
        ev.type = sse_str_of(text->bytes_, text->type_len_);
        ev.data = data;
    }
    return ev;
}

/* Whether an event fits where no event of the caller's goes, whatever is added to it. */
static int has_room(const sse_event *ev)
{
    sse_out o = sse_out_to(NULL, 0);
    sse_event most = *ev;
    const char id[SSE_HISTORY_ID_MAX] = "";

    most.retry_ms = SSE_RETRY_MAX;
    sse_event_put(&o, &most, 0);
    return o.len + sizeof "id: \n" - 1 + sizeof id + SSE_CHUNK_FRAME <= SSE_SUBSCRIBER_KEPT;
}

/* The parts, which are short enough, as the channel keeps them. */
static sse_channel_text text_of(const char *type, size_t type_len, const char *data,
                                size_t data_len)
{
    sse_channel_text text;

    memset(&text, 0, sizeof text);
    text.type_len_ = (uint8_t)type_len;
    text.data_len_ = (uint8_t)data_len;
    text.is_line_ = type_len == 0 && data == NULL;
    if (type_len > 0)
        memcpy(text.bytes_, type, type_len);
    if (data_len > 0)
        memcpy(text.bytes_ + type_len, data, data_len);
    return text;
}

int sse_notice_set(sse_channel_text *text, const char *type, size_t type_len, const char *data,
                   size_t data_len)
{
    sse_channel_text made;
    sse_event ev;
    int status;

    if (sse_is_missing(type, type_len) || sse_is_missing(data, data_len))
        return SSE_E_ARG;
    if (type_len > SSE_CHANNEL_TEXT_MAX || data_len > SSE_CHANNEL_TEXT_MAX - type_len)
        return SSE_E_TOOBIG;
    made = text_of(type, type_len, data, data_len);
    ev = event_of(&made);
    status = sse_event_put(NULL, &ev, 0);
    if (status == SSE_OK && !has_room(&ev))
        status = SSE_E_TOOBIG;
    if (status == SSE_OK)
        *text = made;
    return status;
}

/* The id of the place before next_, in memory; absent where it has none that the client may get. */
static sse_str place_of(const sse_subscriber *s, char memory[SSE_HISTORY_ID_MAX])
{
    size_t len;

    if (s->state_ & SSE_JOIN_PLAIN || sse_history_id(s->channel_->history_, s->next_ - 1, memory,
                                                     SSE_HISTORY_ID_MAX, &len) != SSE_OK)
        return sse_str_of(NULL, 0);
    return sse_str_of(memory, len);
}

void sse_notice_place(sse_subscriber *s)
{
    char memory[SSE_HISTORY_ID_MAX];
    const sse_str id = place_of(s, memory);
    const sse_event ev = {{NULL, 0}, SSE_LIT("place"), id, 0, {"", 0}};

    if (id.ptr != NULL)
        sse_writer_send(s->queue_, &ev);
}

/* Put an event in front of the queue, to be taken next; NULL: the line of an empty comment. */
static void put_front(sse_subscriber *s, const sse_event *ev)
{
    size_t len;

    sse_queue_event_front(s->queue_, ev, &len);
    s->first_ = (uint32_t)len;
}

/* null, or the text of an id, which needs no escapes. */
static void put_id(sse_out *o, const sse_history *h, int known, uint64_t number)
{
    char id[SSE_HISTORY_ID_MAX];
    size_t len;

    if (known && number >= h->born && sse_history_id(h, number, id, sizeof id, &len) == SSE_OK) {
        SSE_OUT_LIT(o, "\"");
        sse_out_put(o, id, len);
        SSE_OUT_LIT(o, "\"");
    } else {
        SSE_OUT_LIT(o, "null");
    }
}

static void put_count(sse_out *o, int known, uint64_t count)
{
    char memory[SSE_DIGITS64_MAX];
    char *const end = memory + sizeof memory;

    if (known) {
        const char *const digits = sse_digits64(end, count, 10);

        sse_out_put(o, digits, (size_t)(end - digits));
    } else {
        SSE_OUT_LIT(o, "null");
    }
}

void sse_notice_gap(sse_subscriber *s, uint64_t until)
{
    const sse_history *const h = s->channel_->history_;
    const int known = !(s->state_ & SSE_SUB_UNKNOWN) && s->tags_ == NULL;
    const uint64_t first = s->next_;
    const uint64_t left = sse_history_oldest(h) < until ? sse_history_oldest(h) : until;
    char data[GAP_JSON_MAX], memory[SSE_HISTORY_ID_MAX];
    sse_out o = sse_out_to(data, sizeof data);
    sse_event ev = {{NULL, 0}, SSE_LIT("gap"), {NULL, 0}, 0, {NULL, 0}};

    s->next_ = left;
    SSE_OUT_LIT(&o, "{\"first\":");
    put_id(&o, h, known, first);
    SSE_OUT_LIT(&o, ",\"last\":");
    put_id(&o, h, known, left - 1);
    SSE_OUT_LIT(&o, ",\"count\":");
    put_count(&o, known, left - first);
    SSE_OUT_LIT(&o, "}");
    ev.id = place_of(s, memory);
    ev.data = sse_str_of(data, o.len);
    put_front(s, &ev);
    s->channel_->counters_[SSE_COUNT_GAPS]++;
}

void sse_notice_heartbeat(sse_subscriber *s)
{
    char memory[SSE_HISTORY_ID_MAX];
    sse_event ev = event_of(&s->channel_->heartbeat_);

    /* A place that is after events which are missing would hide that they are. */
    if (s->tags_ != NULL && !(s->state_ & SSE_SUB_OWED))
        ev.id = place_of(s, memory);
    if (ev.id.ptr != NULL && ev.data.ptr == NULL) { /* Firefox keeps no id without data */
        ev.comment = sse_str_of(NULL, 0);
        ev.type = SSE_LIT("place");
        ev.data = SSE_LIT("");
    }
    put_front(s, s->channel_->heartbeat_.is_line_ && ev.id.ptr == NULL ? NULL : &ev);
    s->channel_->counters_[SSE_COUNT_HEARTBEATS]++;
}

void sse_notice_farewell(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;
    sse_event ev = event_of(&ch->farewell_);

    if (ch->retry_ms_ > 0 || ch->retry_window_ms_ > 0)
        ev.retry_ms = sse_retry_spread(ch->retry_ms_, ch->retry_window_ms_, ch->farewells_++);
    sse_writer_send(s->queue_, &ev);
}
