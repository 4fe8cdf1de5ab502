/* SPDX-License-Identifier: MIT */
#include "parsed.h"

#include "decoder.h"
#include "parser.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer texts are printed in part. */
#define SHOWN 400

void print_text(const char *title, sse_str text)
{
    size_t i;

    fprintf(stderr, "%s(%zu) \"", title, text.len);
    for (i = 0; i < text.len && i < SHOWN; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c == '\n')
            fputs("\\n", stderr);
        else if (c == '\r')
            fputs("\\r", stderr);
        else if (c < ' ' || c > '~' || c == '\\' || c == '"')
            fprintf(stderr, "\\x%02x", c);
        else
            fputc(c, stderr);
    }
    fputs(text.len > SHOWN ? "\"...\n" : "\"\n", stderr);
}

void print_stream(const char *title, const parsed *p)
{
    size_t i;

    fprintf(stderr, "%s: %zu events, %zu retries", title, p->event_count, p->retry_count);
    if (p->comments != ANY_COMMENTS)
        fprintf(stderr, ", %zu comment lines", p->comments);
    fputs("\n", stderr);
    for (i = 0; i < p->event_count && i < SHOWN; i++) {
        print_text("  type", p->events[i].type);
        print_text("  data", p->events[i].data);
        print_text("  id  ", p->events[i].id);
    }
    for (i = 0; i < p->retry_count && i < SHOWN; i++)
        fprintf(stderr, "  retry %" PRIu64 "\n", p->retries[i]);
    print_text("  last event ID ", p->last_id);
}

int same_text(sse_str a, sse_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int equal_streams(const parsed *got, const parsed *want)
{
    size_t i;

    if (got->event_count != want->event_count || got->retry_count != want->retry_count ||
        (want->comments != ANY_COMMENTS && got->comments != want->comments) ||
        !same_text(got->last_id, want->last_id))
        return 0;
    for (i = 0; i < want->event_count; i++)
        if (!same_text(got->events[i].type, want->events[i].type) ||
            !same_text(got->events[i].data, want->events[i].data) ||
            !same_text(got->events[i].id, want->events[i].id))
            return 0;
    for (i = 0; i < want->retry_count; i++)
        if (got->retries[i] != want->retries[i])
            return 0;
    return 1;
}

int same_stream(const parsed *got, const parsed *want)
{
    int same = equal_streams(got, want);

    if (!same) {
        print_stream("got", got);
        print_stream("expected", want);
    }
    return same;
}

int parses_to(const void *bytes, size_t len, const parsed *want)
{
    parsed *got = parse(bytes, len);
    int same = same_stream(got, want);
    sse_str stream;

    if (!same) {
        stream.ptr = bytes;
        stream.len = len;
        print_text("parsed from ", stream);
    }
    parsed_free(got);
    return same;
}

int parses_to_event(const void *bytes, size_t len, sse_str type, sse_str data, sse_str id)
{
    parsed_event event;
    parsed want = {NULL, 1, NULL, 0, 0, {NULL, 0}};

    event.type = type;
    event.data = data;
    event.id = id;
    want.events = &event;
    want.last_id = id;
    return parses_to(bytes, len, &want);
}

/* A decoder_sink that appends to a text of the caller's. */
static void append(void *user, const char *bytes, size_t len)
{
    char **end = user;

    memcpy(*end, bytes, len);
    *end += len;
}

char *as_received(sse_str data, size_t *len)
{
    char *text = malloc(3 * data.len + 1);
    char *end = text;
    decoder d;
    size_t i;

    if (text == NULL) {
        perror("malloc");
        abort();
    }
    memset(&d, 0, sizeof d);
    for (i = 0; i < data.len; i++) {
        if (data.ptr[i] == '\n' && i > 0 && data.ptr[i - 1] == '\r')
            continue;
        decoder_feed(&d, data.ptr[i] == '\r' ? '\n' : (unsigned char)data.ptr[i], append, &end);
    }
    decoder_end(&d, append, &end);
    *len = (size_t)(end - text);
    return text;
}
