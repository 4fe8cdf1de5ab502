/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILLER = 0xA5 };

/* What was provided, newest first. The memory lies behind it, in an allocation of its own. */
typedef struct holding {
    struct holding *older;
    void *memory;
} holding;

static holding *holdings;

void demand_that(int holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    abort();
}

void *provide(size_t len)
{
    holding *const h = malloc(sizeof *h);
    /* One byte stands for none: the address behind it cannot be read or written. */
    char *const memory = malloc(len > 0 ? len : 1);

    if (h == NULL || memory == NULL) {
        perror("malloc");
        abort();
    }
    memset(memory, FILLER, len);
    h->older = holdings;
    h->memory = memory;
    holdings = h;
    return len > 0 ? memory : memory + 1;
}

void release_all(void)
{
    while (holdings != NULL) {
        holding *const h = holdings;

        holdings = h->older;
        free(h->memory);
        free(h);
    }
}

sse_str copy_of(const void *bytes, size_t len)
{
    char *const copy = provide(len);
    sse_str text;

    if (len > 0)
        memcpy(copy, bytes, len);
    text.ptr = copy;
    text.len = len;
    return text;
}

unsigned take_byte(input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

unsigned take_below(input *in, unsigned n)
{
    unsigned number = take_byte(in);

    if (n > 256)
        number = number << 8 | take_byte(in);
    return number % n;
}

uint64_t take_word(input *in)
{
    uint64_t word = 0;
    int i;

    for (i = 0; i < 8; i++)
        word = word << 8 | take_byte(in);
    return word;
}

sse_str take_text(input *in)
{
    size_t len = take_byte(in);
    sse_str text;

    if (len > in->left)
        len = in->left;
    text = copy_of(in->at, len);
    in->at += len;
    in->left -= len;
    return text;
}

/* A text, and how many times in a row it comes. */
static sse_str take_long_text(input *in)
{
    const sse_str text = take_text(in);
    const size_t times = 1 + take_below(in, 32);
    char *const memory = provide(text.len * times);
    sse_str all;
    size_t i;

    for (i = 0; i < times; i++)
        if (text.len > 0)
            memcpy(memory + i * text.len, text.ptr, text.len);
    all.ptr = memory;
    all.len = text.len * times;
    return all;
}

sse_event take_event(input *in)
{
    enum { COMMENT = 1, ID = 2, TYPE = 4, DATA = 8, RETRY = 16, LONG = 32, MISSING = 64 };
    const unsigned parts = take_byte(in);
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};

    if (parts & COMMENT)
        ev.comment = take_text(in);
    if (parts & ID)
        ev.id = take_text(in);
    if (parts & TYPE)
        ev.type = take_text(in);
    if (parts & RETRY)
        ev.retry_ms = (uint32_t)take_word(in);
    if (parts & LONG)
        ev.data = take_long_text(in);
    else if (parts & DATA)
        ev.data = take_text(in);
    if (parts & MISSING) {
        ev.type.ptr = NULL;
        ev.type.len = take_byte(in);
    }
    return ev;
}

/* A decoder_sink that goes along a text as far as the decoder says the same. */
static void follow(void *user, const char *bytes, size_t len)
{
    sse_str *const rest = user;

    if (rest->ptr == NULL)
        return;
    if (len > rest->len || memcmp(rest->ptr, bytes, len) != 0) {
        rest->ptr = NULL;
        return;
    }
    rest->ptr += len;
    rest->len -= len;
}

/* Whether a text says of itself what a decoder reads in it, and has no control byte. U+FFFD stands
 * for itself, too, so that a byte that was replaced is told by its length. */
static int is_plain(sse_str text)
{
    decoder d;
    sse_str rest = text;
    size_t i;

    memset(&d, 0, sizeof d);
    for (i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.ptr[i];

        if (byte < 0x20 || byte == 0x7F)
            return 0;
        decoder_feed(&d, byte, follow, &rest);
    }
    decoder_end(&d, follow, &rest);
    return text.len == 0 || (rest.ptr != NULL && rest.len == 0);
}

static int is_missing(sse_str part)
{
    return part.ptr == NULL && part.len > 0;
}

int verdict_on(const sse_event *ev)
{
    const sse_str id = ev->id;

    if (is_missing(ev->comment) || is_missing(id) || is_missing(ev->type) || is_missing(ev->data))
        return SSE_E_ARG;
    if (!ev->comment.ptr && !id.ptr && !ev->type.ptr && !ev->data.ptr && ev->retry_ms == 0)
        return SSE_E_ARG;
    if (ev->retry_ms > SSE_RETRY_MAX)
        return SSE_E_RANGE;
    if (!is_plain(ev->type) || !is_plain(id))
        return SSE_E_FIELD;
    if (id.len > 0 && (id.ptr[0] == ' ' || id.ptr[id.len - 1] == ' '))
        return SSE_E_FIELD;
    return SSE_OK;
}

int is_same(sse_str a, sse_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
