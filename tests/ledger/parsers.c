/* SPDX-License-Identifier: MIT */
/* parsers.c - the two reference clients agree, stream.h and support/parser.h: on all streams of up
 * to so many tokens, each with an event behind it that shows what is left over. */
#include "parser.h"
#include "stream.h"
#include "word.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN(text)               \
    {                             \
        "" text, sizeof(text) - 1 \
    }

static const sse_str tokens[] = {
    TOKEN("data"), TOKEN("id:"),  TOKEN("event: "), TOKEN("retry:"),       TOKEN(":"),
    TOKEN(" "),    TOKEN("\n"),   TOKEN("\r"),      TOKEN("\0"),           TOKEN("x"),
    TOKEN("7"),    TOKEN("\xC3"), TOKEN("\xA9"),    TOKEN("\xEF\xBB\xBF"),
};

enum { TOKENS = sizeof tokens / sizeof tokens[0], SIZE = 5 };

static int same(const stream_text *text, sse_str other)
{
    return stream_is(text, other.ptr, other.len);
}

static int agree(const stream *s, const parsed *p)
{
    const parsed_event *last = p->events + p->event_count - 1;

    return s->events == p->event_count && s->retries == p->retry_count &&
           s->comments == p->comments && same(&s->id, p->last_id) && p->event_count > 0 &&
           same(&s->type, last->type) && same(&s->data, last->data) && same(&s->id, last->id) &&
           (p->retry_count == 0 || p->retries[p->retry_count - 1] == s->retry);
}

static void try(const word *w)
{
    static stream s;
    char bytes[8 * SIZE + 16];
    size_t len = 0;
    parsed *p;
    unsigned i;

    for (i = 0; i < w->len; i++) {
        memcpy(bytes + len, tokens[w->at[i]].ptr, tokens[w->at[i]].len);
        len += tokens[w->at[i]].len;
    }
    memcpy(bytes + len, "\n\ndata:\n\n", 9);
    len += 9;
    stream_start(&s, "", 0);
    stream_feed(&s, bytes, len);
    p = parse(bytes, len);
    if (!agree(&s, p)) {
        fprintf(stderr, "the two parsers differ on these bytes:");
        for (i = 0; i < len; i++)
            fprintf(stderr, " %02x", (unsigned)(unsigned char)bytes[i]);
        fprintf(stderr, "\n");
        exit(1);
    }
    parsed_free(p);
}

int main(void)
{
    unsigned long tried = 0, whole = 1;
    unsigned size;
    word w;

    for (size = 0; size <= SIZE; size++, whole *= TOKENS) {
        unsigned long before = tried;

        word_first(&w, size, TOKENS);
        do {
            try(&w);
            tried++;
        } while (word_next(&w));
        if (tried - before != whole)
            return 1;
    }
    printf("the two parsers agree on %lu streams\n", tried);
    return 0;
}
