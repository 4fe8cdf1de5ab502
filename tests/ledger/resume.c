/* SPDX-License-Identifier: MIT */
/* resume.c - where a client wants to resume: all queries and headers of so many tokens, beside a
 * plain reading of them, at capacities that are enough, exact, and too small. */
#include "ledger.h"

#include "sse/http_request.h"
#include "sse/text.h"

#include <string.h>

static const char *const tokens[] = {
    "lastEventId", "last_event_id", "=", "&", "%", "4", "1", "c3", "A9", "g", "+", " ", "\xC3",
};

enum { TOKENS = sizeof tokens / sizeof tokens[0], TEXT_MAX = 13 * 6 + 12 };

static char text[TEXT_MAX];
static size_t text_len;

/* What is to come out. */
static char id[TEXT_MAX];
static size_t id_len;
static int broken; /* wrongly percent-encoded */

/* Copy the header without blanks at its ends. */
static void read_header(void)
{
    size_t from = 0, to = text_len;

    while (from < to && text[from] == ' ')
        from++;
    while (to > from && text[to - 1] == ' ')
        to--;
    id_len = to - from;
    broken = 0;
    memcpy(id, text + from, id_len);
}

/* Find where the value begins: after the first name that stands between & and = and has one. */
static size_t find_value(void)
{
    size_t at = 0;

    while (at < text_len) {
        size_t end = at, i;

        while (end < text_len && text[end] != '=' && text[end] != '&')
            end++;
        if (end + 1 < text_len && text[end] == '=' && text[end + 1] != '&')
            for (i = 0; i < 2; i++)
                if (end - at == strlen(tokens[i]) && memcmp(text + at, tokens[i], end - at) == 0)
                    return end + 1;
        while (end < text_len && text[end] != '&')
            end++;
        at = end + 1;
    }
    return text_len;
}

static unsigned digit(size_t at)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = at < text_len ? strchr(digits, text[at]) : NULL;

    return found ? (unsigned)(found - digits) % 16 : 16;
}

static void read_query(void)
{
    size_t at;

    id_len = 0;
    broken = 0;
    for (at = find_value(); at < text_len && text[at] != '&'; at++)
        if (text[at] != '%') {
            id[id_len++] = (char)(text[at] == '+' ? ' ' : text[at]);
        } else if (digit(at + 1) < 16 && digit(at + 2) < 16) {
            id[id_len++] = (char)(digit(at + 1) * 16 + digit(at + 2));
            at += 2;
        } else {
            broken = 1;
        }
}

static void try(const char *header, size_t header_len, const char *query, size_t query_len)
{
    static char got[TEXT_MAX];
    const int valid = sse_id_valid(id, id_len);
    const size_t caps[] = {0, id_len > 0 ? id_len - 1 : 0, id_len, TEXT_MAX - 1};
    uint32_t i;

    for (i = 0; i < 4; i++) {
        const size_t cap = caps[i];
        size_t len = 99;
        int want = valid ? SSE_OK : SSE_E_FIELD, status;

        if (id_len > cap && (valid || header == NULL))
            want = SSE_E_SPACE;
        if (broken)
            want = SSE_E_FIELD;
        got[cap] = '~';
        status = sse_http_last_event_id(header, header_len, query, query_len, cap ? got : NULL, cap,
                                        &len);
        fold_int(status);
        expect(status == want, "the result", text, text_len, i);
        expect(len == (want == SSE_E_FIELD ? 0 : id_len), "the length", text, text_len, i);
        expect(want != SSE_OK || memcmp(got, id, len) == 0, "the id", text, text_len, i);
        expect(got[cap] == '~', "nothing is written behind it", text, text_len, i);
        if (want == SSE_OK)
            fold(got, len);
    }
    ledger_cases++;
}

void try_resume(unsigned size)
{
    static const char prefix[] = "lastEventId=";
    word w;

    word_first(&w, size, TOKENS);
    do {
        unsigned begin, i;

        for (begin = 0; begin < 2; begin++) {
            text_len = begin ? sizeof prefix - 1 : 0;
            memcpy(text, prefix, text_len);
            for (i = 0; i < size; i++) {
                const size_t len = strlen(tokens[w.at[i]]);

                memcpy(text + text_len, tokens[w.at[i]], len);
                text_len += len;
            }
            read_query();
            try(NULL, 0, text, text_len);
        }
        memmove(text, text + sizeof prefix - 1, text_len -= sizeof prefix - 1);
        read_header();
        if (id_len > 0)
            try(text, text_len, prefix, sizeof prefix - 1);
        else { /* then the query counts */
            id[0] = '7';
            id_len = 1;
            try(text, text_len, "lastEventId=7", sizeof prefix);
        }
    } while (word_next(&w));
}
