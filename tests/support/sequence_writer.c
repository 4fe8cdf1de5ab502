/* SPDX-License-Identifier: MIT */
#include "sequence_writer.h"

#include "chunks.h"
#include "parsed.h"
#include "parser.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { CHUNK_FRAME = 12 }; /* "00000009", CR, LF; CR, LF */

void wire_start(wire *m, size_t capacity, uint32_t framing)
{
    memset(m, 0, sizeof *m);
    m->capacity = capacity;
    m->framing = framing;
}

int wire_refuses(const wire *m)
{
    return m->failed ? SSE_E_IO : m->open || m->closed ? SSE_E_STATE : SSE_OK;
}

/* What is free for n bytes of a part; the frame may leave less than nothing. */
static size_t room(const wire *m)
{
    const size_t used = m->len - m->taken + (m->framing ? CHUNK_FRAME : 0);

    return used < m->capacity ? m->capacity - used : 0;
}

int wire_room(const wire *m, size_t n)
{
    if (n <= room(m))
        return SSE_OK;
    return n + (m->framing ? CHUNK_FRAME : 0) <= m->capacity ? SSE_AGAIN : SSE_E_TOOBIG;
}

void wire_raw(wire *m, const char *bytes, size_t len)
{
    assert_true(len <= sizeof m->bytes - m->len);
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
    if (!m->framed)
        m->bare = m->len;
}

void wire_put(wire *m, const char *bytes, size_t len)
{
    char head[CHUNK_FRAME];

    if (!m->framing) {
        wire_raw(m, bytes, len);
        return;
    }
    m->framed = 1;
    snprintf(head, sizeof head, "%08x\r\n", (unsigned)len);
    wire_raw(m, head, 10);
    wire_raw(m, bytes, len);
    wire_raw(m, "\r\n", 2);
}

void wire_pass(wire *m, const char *bytes, size_t len)
{
    if (m->begun)
        wire_put(m, bytes, len);
    else
        wire_raw(m, bytes, len);
}

void wire_close(wire *m)
{
    if (m->framing && !m->closed) {
        m->framed = 1;
        wire_raw(m, "0\r\n\r\n", 5);
    }
    m->closed = 1;
}

void wire_begin(wire *m, const char *type, const char *id)
{
    m->open = 1;
    m->cr = 0;
    m->open_len = m->len;
    m->open_framed = m->framed;
    m->open_event.type = type;
    m->open_event.id = id;
    m->open_event.data = m->text_len;
}

void wire_finish(wire *m)
{
    wire_event *const ev = &m->events[m->event_count++];

    assert_true(m->event_count <= WIRE_EVENTS);
    ev->type = m->open_event.type;
    ev->id = m->open_event.id;
    ev->data = m->open_event.data;
    ev->data_len = m->text_len - ev->data;
    ev->end = m->len - (m->framing ? 2 : 0);
    m->open = 0;
    m->begun = 1;
}

void wire_cancel(wire *m)
{
    m->open = 0;
    m->len = m->open_len;
    m->text_len = m->open_event.data;
    m->framed = m->open_framed;
}

size_t wire_append(wire *m, const char *data, size_t len)
{
    const size_t most = room(m);
    char part[WIRE_MAX];
    size_t n = 0, i;

    for (i = 0; i < len; i++) {
        const int is_second = data[i] == '\n' && m->cr; /* half of a break */
        const int is_break = !is_second && (data[i] == '\n' || data[i] == '\r');
        const size_t need = is_second ? 0 : is_break ? 7 : 1;

        if (need > most - n)
            break;
        memcpy(part + n, is_break ? "\ndata: " : &data[i], need);
        n += need;
        assert_true(m->text_len < sizeof m->text);
        if (!is_second)
            m->text[m->text_len++] = is_break ? '\n' : data[i];
        m->cr = data[i] == '\r';
    }
    if (n > 0)
        wire_put(m, part, n);
    return i;
}

void wire_offered(wire *m, const void *bytes, size_t len)
{
    assert_non_null(bytes);
    assert_in_range(len, 1, m->len - m->taken);
    if (m->offer_len > 0) {
        assert_ptr_equal(bytes, m->offer);
        assert_int_equal(len, m->offer_len);
    }
    assert_memory_equal(bytes, m->bytes + m->taken, len);
    m->offer = bytes;
    m->offer_len = len;
}

void wire_took(wire *m, size_t n)
{
    assert_true(n <= m->offer_len);
    m->taken += n;
    m->moved |= n > 0;
    m->offer = NULL;
    m->offer_len = 0;
}

static sse_str text(const char *bytes)
{
    sse_str s;

    s.ptr = bytes;
    s.len = strlen(bytes);
    return s;
}

void wire_check(const wire *m)
{
    static char payload[WIRE_MAX];
    parsed_event events[WIRE_EVENTS];
    parsed want = {NULL, 0, NULL, 0, ANY_COMMENTS, {"", 0}};
    size_t len = m->taken, i;

    memcpy(payload, m->bytes, m->taken);
    if (m->framing && m->taken > m->bare) {
        const enum chunks state =
            unchunk(m->bytes + m->bare, m->taken - m->bare, payload + m->bare, &len);

        len += m->bare;
        assert_int_equal(state, m->closed && m->taken == m->len ? CHUNKS_ENDED : CHUNKS_OPEN);
    }
    for (i = 0; i < m->event_count && m->events[i].end <= m->taken; i++) {
        const wire_event *const ev = &m->events[i];

        if (ev->id)
            want.last_id = text(ev->id);
        events[i].type = text(ev->type);
        events[i].id = want.last_id;
        events[i].data.ptr = m->text + ev->data;
        events[i].data.len = ev->data_len;
    }
    want.events = events;
    want.event_count = i;
    assert_parses_to(payload, len, &want);
}
