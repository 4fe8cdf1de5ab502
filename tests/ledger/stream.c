/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <string.h>

static void add(stream *s, stream_text *t, const char *bytes, size_t len)
{
    if (len > STREAM_TEXT - t->len) {
        s->cut = 1;
        return;
    }
    memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
}

static void set(stream *s, stream_text *t, const char *bytes, size_t len)
{
    t->len = 0;
    add(s, t, bytes, len);
}

/* Dispatch the event, #dispatchMessage. */
static void dispatch(stream *s)
{
    set(s, &s->id, s->id_buffer.bytes, s->id_buffer.len);
    if (s->data_buffer.len > 0) {
        s->events++;
        if (s->type_buffer.len > 0)
            set(s, &s->type, s->type_buffer.bytes, s->type_buffer.len);
        else
            set(s, &s->type, "message", 7);
        /* without its last line feed */
        set(s, &s->data, s->data_buffer.bytes, s->data_buffer.len - 1);
    }
    s->data_buffer.len = 0;
    s->type_buffer.len = 0;
}

/* Set the reconnection time, if the value is all digits and there is one. */
static void retry(stream *s, const char *value, size_t len)
{
    uint32_t time = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        const unsigned digit = (unsigned char)value[i] - (unsigned)'0';

        if (digit > 9)
            return;
        time = time > (UINT32_MAX - digit) / 10 ? UINT32_MAX : time * 10 + digit;
    }
    if (len == 0)
        return;
    s->retry = time;
    s->retries++;
}

/* Process the field, #processField. */
static void field(stream *s, const char *name, size_t name_len, const char *value, size_t len)
{
    if (name_len == 4 && memcmp(name, "data", 4) == 0) {
        add(s, &s->data_buffer, value, len);
        add(s, &s->data_buffer, "\n", 1);
    } else if (name_len == 2 && memcmp(name, "id", 2) == 0) {
        if (memchr(value, '\0', len) == NULL)
            set(s, &s->id_buffer, value, len);
    } else if (name_len == 5 && memcmp(name, "event", 5) == 0) {
        set(s, &s->type_buffer, value, len);
    } else if (name_len == 5 && memcmp(name, "retry", 5) == 0) {
        retry(s, value, len);
    }
}

/* Interpret a line. */
static void interpret(stream *s)
{
    const char *line = s->line.bytes;
    const size_t len = s->line.len;
    size_t colon = 0;

    while (colon < len && line[colon] != ':')
        colon++;
    if (len == 0) {
        dispatch(s);
    } else if (colon == 0) {
        s->comments++;
    } else if (colon < len) {
        const size_t value = colon + (colon + 1 < len && line[colon + 1] == ' ') + 1;

        field(s, line, colon, line + value, len - value);
    } else {
        field(s, line, len, line + len, 0);
    }
    s->line.len = 0;
}

/* Take a code point: a decoder_sink. */
static void code_point(void *user, const char *bytes, size_t len)
{
    stream *s = user;
    const char first = bytes[0];
    const int after_cr = s->after_cr;

    s->after_cr = 0;
    if (!s->started) {
        s->started = 1;
        if (len == 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
            return;
    }
    if (first == '\n' || first == '\r') {
        s->after_cr = first == '\r';
        if (first != '\n' || !after_cr)
            interpret(s);
    } else {
        add(s, &s->line, bytes, len);
    }
}

void stream_start(stream *s, const char *id, size_t len)
{
    memset(&s->decoder, 0, sizeof s->decoder);
    s->started = s->after_cr = s->cut = 0;
    s->line.len = s->data_buffer.len = s->type_buffer.len = 0;
    s->type.len = s->data.len = 0;
    s->retry = 0;
    s->events = s->retries = s->comments = 0;
    set(s, &s->id_buffer, id, len);
    set(s, &s->id, id, len);
}

void stream_feed(stream *s, const char *bytes, size_t len)
{
    for (; len > 0; bytes++, len--) {
        const unsigned char byte = (unsigned char)*bytes;

        if (byte >= 0x80 || s->decoder.needed > 0) {
            decoder_feed(&s->decoder, byte, code_point, s);
        } else if (byte == '\n' || byte == '\r' || !s->started || s->line.len == STREAM_TEXT) {
            code_point(s, bytes, 1);
        } else { /* what code_point would do, and most of what there is to do */
            s->after_cr = 0;
            s->line.bytes[s->line.len++] = *bytes;
        }
    }
}

int stream_at_rest(const stream *s)
{
    return !s->cut && s->decoder.needed == 0 && s->line.len == 0 && s->data_buffer.len == 0 &&
           s->type_buffer.len == 0;
}

int stream_is(const stream_text *text, const char *bytes, size_t len)
{
    return text->len == len && memcmp(text->bytes, bytes, len) == 0;
}

/* Take a code point of data: a decoder_sink. */
static void received(void *user, const char *bytes, size_t len)
{
    stream_text *text = user;

    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

void stream_receives(stream_text *text, const char *data, size_t len)
{
    decoder d = {{0}, 0, 0, 0, 0};
    size_t i;

    text->len = 0;
    for (i = 0; i < len; i++) {
        const unsigned char byte = data[i] == '\r' ? '\n' : (unsigned char)data[i];

        if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n')
            continue; /* both are one break */
        if (byte >= 0x80 || d.needed > 0)
            decoder_feed(&d, byte, received, text);
        else
            text->bytes[text->len++] = (char)byte;
    }
    decoder_end(&d, received, text);
}
