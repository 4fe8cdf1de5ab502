/* SPDX-License-Identifier: MIT */
#include "parser.h"

#include "decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that grow. */
typedef struct buffer {
    char *ptr;
    size_t len;
    size_t cap;
} buffer;

/* The stream is taken apart in three steps, each of which is fed one unit by the one before it:
 *
 *     bytes --decode--> UTF-8 sequences --split--> lines --interpret--> events
 *
 * A text that is kept is an offset into `kept` while that still moves. */
struct parser {
    decoder decoder;
    int started; /* the first code point is behind us: it may have been a byte order mark */

    /* lines */
    buffer line;
    int after_cr; /* a line feed that comes next belongs to the line end before */

    /* the block so far, and what outlives it; names as in the standard */
    buffer data;
    buffer type;
    buffer last_id_buffer;
    buffer last_id;

    /* what was dispatched */
    buffer events;  /* of kept_event */
    buffer retries; /* of uint64_t */
    buffer kept;
    size_t comments;
};

typedef struct kept_event {
    size_t at; /* in kept: type, data and id follow one another */
    size_t type_len;
    size_t data_len;
    size_t id_len;
} kept_event;

static void *allocate(void *old, size_t size)
{
    void *new = realloc(old, size > 0 ? size : 1);

    if (new == NULL) {
        perror("realloc");
        abort();
    }
    return new;
}

static void add(buffer *b, const void *bytes, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = 2 * (b->len + len);
        b->ptr = allocate(b->ptr, b->cap);
    }
    if (len > 0)
        memcpy(b->ptr + b->len, bytes, len);
    b->len += len;
}

static void set(buffer *b, const void *bytes, size_t len)
{
    b->len = 0;
    add(b, bytes, len);
}

/* Dispatch the event, #dispatchMessage. */
static void dispatch(parser *p)
{
    kept_event event;

    set(&p->last_id, p->last_id_buffer.ptr, p->last_id_buffer.len);
    if (p->data.len == 0) {
        p->type.len = 0;
        return;
    }
    if (p->type.len == 0)
        set(&p->type, "message", 7);
    event.at = p->kept.len;
    event.type_len = p->type.len;
    event.data_len = p->data.len - 1; /* without its last line feed */
    event.id_len = p->last_id.len;
    add(&p->kept, p->type.ptr, event.type_len);
    add(&p->kept, p->data.ptr, event.data_len);
    add(&p->kept, p->last_id.ptr, event.id_len);
    add(&p->events, &event, sizeof event);
    p->data.len = 0;
    p->type.len = 0;
}

/* Set the reconnection time, if the value is all digits and there is one. */
static void retry(parser *p, const char *value, size_t len)
{
    uint64_t time = 0;
    size_t i;

    if (len == 0)
        return;
    for (i = 0; i < len; i++) {
        unsigned digit = (unsigned)value[i] - '0';

        if (digit > 9)
            return;
        time = time > (UINT64_MAX - digit) / 10 ? UINT64_MAX : time * 10 + digit;
    }
    add(&p->retries, &time, sizeof time);
}

static int is(const char *name, size_t len, const char *field)
{
    return len == strlen(field) && memcmp(name, field, len) == 0;
}

/* Process the field, #processField. */
static void field(parser *p, const char *name, size_t name_len, const char *value, size_t len)
{
    if (is(name, name_len, "event")) {
        set(&p->type, value, len);
    } else if (is(name, name_len, "data")) {
        add(&p->data, value, len);
        add(&p->data, "\n", 1);
    } else if (is(name, name_len, "id")) {
        if (len == 0 || memchr(value, 0, len) == NULL)
            set(&p->last_id_buffer, value, len);
    } else if (is(name, name_len, "retry")) {
        retry(p, value, len);
    }
}

/* Interpret a line. */
static void interpret(parser *p)
{
    const char *line = p->line.ptr;
    size_t len = p->line.len;
    const char *colon = len > 0 ? memchr(line, ':', len) : NULL;

    if (len == 0) {
        dispatch(p);
    } else if (colon == line) {
        p->comments++;
    } else if (colon != NULL) {
        const char *value = colon + 1;

        if (value < line + len && *value == ' ')
            value++;
        field(p, line, (size_t)(colon - line), value, (size_t)(line + len - value));
    } else {
        field(p, line, len, "", 0);
    }
    p->line.len = 0;
}

/* Take a code point: a decoder_sink. */
static void code_point(void *user, const char *bytes, size_t len)
{
    parser *p = user;
    char first = bytes[0];
    int after_cr = p->after_cr;

    if (!p->started) {
        p->started = 1;
        if (len == 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
            return;
    }
    p->after_cr = first == '\r';
    if (first == '\n' && after_cr)
        return;
    if (first == '\n' || first == '\r')
        interpret(p);
    else
        add(&p->line, bytes, len);
}

parser *parser_new(void)
{
    parser *p = allocate(NULL, sizeof *p);

    memset(p, 0, sizeof *p);
    return p;
}

void parser_feed(parser *p, const void *bytes, size_t len)
{
    const unsigned char *b = bytes;

    while (len-- > 0)
        decoder_feed(&p->decoder, *b++, code_point, p);
}

/* One block holds all of a result: the record, the retries, the events, the texts. */
typedef struct result {
    parsed record;
    uint64_t retries[];
} result;

static void copy(void *dst, const buffer *from)
{
    if (from->len > 0)
        memcpy(dst, from->ptr, from->len);
}

static parsed *result_of(const parser *p)
{
    size_t retries = p->retries.len / sizeof(uint64_t);
    size_t count = p->events.len / sizeof(kept_event), i;
    result *r = allocate(NULL, sizeof *r + p->retries.len + count * sizeof(parsed_event) +
                                   p->kept.len + p->last_id.len);
    parsed_event *events = (parsed_event *)(void *)(r->retries + retries);
    char *text = (char *)(events + count);

    for (i = 0; i < count; i++) {
        kept_event event;

        memcpy(&event, p->events.ptr + i * sizeof event, sizeof event);
        events[i].type.ptr = text + event.at;
        events[i].type.len = event.type_len;
        events[i].data.ptr = events[i].type.ptr + event.type_len;
        events[i].data.len = event.data_len;
        events[i].id.ptr = events[i].data.ptr + event.data_len;
        events[i].id.len = event.id_len;
    }
    copy(r->retries, &p->retries);
    copy(text, &p->kept);
    copy(text + p->kept.len, &p->last_id);
    r->record.events = events;
    r->record.event_count = count;
    r->record.retries = r->retries;
    r->record.retry_count = retries;
    r->record.comments = p->comments;
    r->record.last_id.ptr = text + p->kept.len;
    r->record.last_id.len = p->last_id.len;
    return &r->record;
}

/* A sequence that is unfinished belongs to a line that is, so the decoder need not be ended. */
parsed *parser_end(parser *p)
{
    parsed *record = result_of(p);

    free(p->line.ptr);
    free(p->data.ptr);
    free(p->type.ptr);
    free(p->last_id_buffer.ptr);
    free(p->last_id.ptr);
    free(p->events.ptr);
    free(p->retries.ptr);
    free(p->kept.ptr);
    free(p);
    return record;
}

parsed *parse(const void *bytes, size_t len)
{
    parser *p = parser_new();

    parser_feed(p, bytes, len);
    return parser_end(p);
}

void parsed_free(parsed *p)
{
    free(p);
}
