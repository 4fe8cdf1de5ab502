/* SPDX-License-Identifier: MIT */
/* texts.c - what may stand in which field: all short texts of any bytes, and longer ones of the
 * bytes at the bounds of UTF-8. The rule for UTF-8 is that a decoder with replacement changes
 * nothing. */
#include "ledger.h"

#include "decoder.h"
#include "sse/text.h"

#include <string.h>

enum { LONG_MAX = 24 };

typedef struct copy {
    char bytes[3 * LONG_MAX]; /* a byte becomes U+FFFD at the worst */
    size_t len;
} copy;

static void add(void *user, const char *bytes, size_t len)
{
    copy *c = user;

    memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
}

static int is_utf8(const char *text, size_t len)
{
    decoder d = {{0}, 0, 0, 0, 0};
    copy c;
    size_t i;

    c.len = 0;
    for (i = 0; i < len; i++)
        decoder_feed(&d, (unsigned char)text[i], add, &c);
    decoder_end(&d, add, &c);
    return c.len == len && memcmp(c.bytes, text, len) == 0;
}

/* How many bytes of a text are in a list, which ends in NUL. */
static unsigned count(const char *text, size_t len, const char *list)
{
    unsigned n = 0;

    for (; len > 0; text++, len--)
        n += *text != '\0' && strchr(list, *text) != NULL;
    return n;
}

static void try(const char *text, size_t len)
{
    const int utf8 = sse_utf8_valid(text, len), type = sse_type_valid(text, len);
    const int id = sse_id_valid(text, len), portable = sse_id_portable(text, len);
    const int utf8_rule = is_utf8(text, len);
    unsigned high = 0, control = 0;
    int type_rule, id_rule;
    size_t i;

    for (i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];

        high += c >= 0x80;
        control += c < 0x20 || c == 0x7F;
    }
    type_rule = utf8_rule && control == 0;
    id_rule = type_rule && (len == 0 || (text[0] != ' ' && text[len - 1] != ' '));
    expect(utf8 == utf8_rule, "UTF-8", text, len, 0);
    expect(type == type_rule, "a type", text, len, 0);
    expect(id == id_rule, "an id", text, len, 0);
    expect(portable == (id_rule && high == 0 && count(text, len, "\"():<>?@[\\]{}") == 0),
           "a portable id", text, len, 0);
    fold_int(utf8 | type << 1 | id << 2 | portable << 3);
    ledger_cases++;
}

void try_texts(unsigned size)
{
    char text[WORD_MAX];
    unsigned i;
    word w;

    word_first(&w, size, 256);
    do {
        for (i = 0; i < size; i++)
            text[i] = (char)w.at[i];
        try(text, size);
    } while (word_next(&w));
}

/* Bytes at the bounds of what is allowed. */
static const char bounds[] = "\x1F a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED"
                             "\xEE\xEF\xF0\xF1\xF3\xF4\xF5\xFF";

enum { BOUNDS = sizeof bounds - 1 };

void try_utf8(unsigned size)
{
    char text[WORD_MAX];
    unsigned i;
    word w;

    word_first(&w, size, BOUNDS);
    do {
        for (i = 0; i < size; i++)
            text[i] = bounds[w.at[i]];
        try(text, size);
    } while (word_next(&w));
}

void try_long_texts(unsigned size)
{
    char text[LONG_MAX];
    unsigned i, byte, next;

    memset(text, 'a', sizeof text);
    for (i = 0; i + 1 < size; i++) {
        for (byte = 0; byte < 256; byte++)
            for (next = 0; next < BOUNDS; next++) {
                text[i] = (char)byte;
                text[i + 1] = bounds[next];
                try(text, size);
            }
        text[i] = 'a';
    }
}
