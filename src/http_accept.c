/* SPDX-License-Identifier: MIT */
/* http_accept.c - what a client accepts: the media ranges of an Accept field, and their weights.
 *
 * Clients send much that breaks the grammar. An element that is no media range, and a weight that
 * is no number, are left out, so that only a weight of zero refuses. */
#include "sse/http_request.h"

#include "ascii.h"

#include <string.h>

/* An Accept field, while it is read. Quotes count up to the first one that is never closed. */
typedef struct accept_reader {
    sse_str rest;     /* what is left; absent at the end */
    const char *open; /* the quote that is never closed, or the end of the field */
} accept_reader;

static sse_str range(const char *ptr, size_t len)
{
    sse_str s;

    s.ptr = ptr;
    s.len = ptr ? len : 0;
    return s;
}

/* The index after the quoted string that begins at i, or 0 where it does not end. */
static size_t skip_quoted(sse_str s, size_t i)
{
    for (i++; i < s.len; i++) {
        if (s.ptr[i] == '"')
            return i + 1;
        if (s.ptr[i] == '\\')
            i++;
    }
    return 0;
}

static accept_reader reader_of(sse_str accept)
{
    accept_reader r;
    size_t i = 0, next;

    r.rest = accept;
    while (i < accept.len) {
        next = accept.ptr[i] == '"' ? skip_quoted(accept, i) : i + 1;
        if (next == 0)
            break;
        i = next;
    }
    r.open = accept.ptr + i;
    return r;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether a comma stands between two digits, as in q=0,5: a decimal point, where some people live.
 */
static int is_decimal(sse_str s, size_t i)
{
    return i > 0 && i + 1 < s.len && s.ptr[i] == ',' && is_digit(s.ptr[i - 1]) &&
           is_digit(s.ptr[i + 1]);
}

/* Cuts off what comes before the first `stop` that is not quoted. Without one, all of s is returned
 * and s becomes absent. */
static sse_str cut_unquoted(const accept_reader *r, sse_str *s, char stop)
{
    sse_str first = *s;
    size_t i = 0;

    while (i < first.len) {
        if (first.ptr[i] == stop && !is_decimal(first, i)) {
            *s = range(first.ptr + i + 1, first.len - i - 1);
            first.len = i;
            return first;
        }
        i = first.ptr[i] == '"' && first.ptr + i < r->open ? skip_quoted(first, i) : i + 1;
    }
    *s = range(NULL, 0);
    return first;
}

/* Cuts off the digits that s begins with. */
static sse_str cut_digits(sse_str *s)
{
    sse_str digits = *s;

    for (; s->len > 0 && is_digit(*s->ptr); s->ptr++)
        s->len--;
    digits.len -= s->len;
    return digits;
}

/* Whether a digit is above 0. */
static int is_some(sse_str digits)
{
    size_t i;

    for (i = 0; i < digits.len; i++)
        if (digits.ptr[i] > '0')
            return 1;
    return 0;
}

/* Decimals in thousandths. What is not quite zero is not zero. */
static int thousandths(sse_str decimals)
{
    int q = 0, unit = 100;
    size_t i;

    for (i = 0; i < decimals.len; i++) {
        q += (decimals.ptr[i] - '0') * unit;
        unit /= 10;
    }
    return q > 0 ? q : is_some(decimals);
}

/* Reads a weight, in thousandths: digits, and decimals after a point. More than 1 is 1. Returns -1
 * for text that is no number. */
static int qvalue(sse_str s)
{
    const sse_str whole = cut_digits(&s);
    sse_str decimals = range(NULL, 0);

    if (s.len > 0 && (*s.ptr == '.' || *s.ptr == ',')) {
        s = range(s.ptr + 1, s.len - 1);
        decimals = cut_digits(&s);
    }
    if (s.len > 0 || whole.len + decimals.len == 0)
        return -1;
    return is_some(whole) ? 1000 : thousandths(decimals);
}

static int is_star(sse_str s)
{
    return s.len == 1 && s.ptr[0] == '*';
}

/* A media type or range: what is before the slash and after it. */
typedef struct media {
    sse_str type;
    sse_str subtype;
} media;

/* Splits a media type. Returns 0 where it is none. */
static int split(sse_str s, media *m)
{
    const char *slash;

    if (is_star(s)) /* as old clients write any type */
        s = SSE_LIT("*/*");
    slash = s.len > 0 ? memchr(s.ptr, '/', s.len) : NULL;
    if (slash == NULL)
        return 0;
    m->type = range(s.ptr, (size_t)(slash - s.ptr));
    m->subtype = range(slash + 1, s.len - m->type.len - 1);
    if (is_star(m->type))
        return is_star(m->subtype);
    return sse_ascii_is_token(m->type) && sse_ascii_is_token(m->subtype);
}

/* How a client weighs a media type: what counts first is the weight, in thousandths, then how
 * exactly it was named. 3: type and subtype, 2: any subtype, 1: any type, 0: not at all. */
typedef struct weight {
    int q;
    int named;
} weight;

static int names(const media *m, sse_str type)
{
    media wanted;

    if (is_star(m->type))
        return 1;
    if (!split(type, &wanted) || !sse_ascii_same(m->type, wanted.type))
        return 0;
    return sse_ascii_same(m->subtype, wanted.subtype) ? 3 : 2 * is_star(m->subtype);
}

/* The weight of one element, whose media range has been cut off. */
static int weight_of(const accept_reader *r, sse_str parameters)
{
    int best = -1;

    while (parameters.ptr) {
        sse_str value = cut_unquoted(r, &parameters, ';');
        const sse_str name = sse_ascii_trim(cut_unquoted(r, &value, '='));

        if (sse_ascii_same(name, SSE_LIT("q"))) {
            const int q = qvalue(sse_ascii_trim(value));

            if (q > best)
                best = q;
        }
    }
    return best < 0 ? 1000 : best;
}

/* Weighs a type by the media range that names it most exactly. A field without any media range
 * takes any type. */
static weight weigh(sse_str accept, sse_str type)
{
    weight best = {1000, 1};
    int found = 0;
    accept_reader r;

    if (accept.len == 0)
        return best;
    r = reader_of(accept);
    while (r.rest.ptr) {
        sse_str element = cut_unquoted(&r, &r.rest, ',');
        media m;
        int named, q;

        if (!split(sse_ascii_trim(cut_unquoted(&r, &element, ';')), &m))
            continue;
        if (!found) { /* until the type is named, it is refused */
            found = 1;
            best.q = 0;
        }
        named = names(&m, type);
        q = weight_of(&r, element);
        if (named > best.named || (named == best.named && q > best.q)) {
            best.q = q;
            best.named = named;
        }
    }
    return best;
}

static const char event_stream[] = "text/event-stream";

/* see sse/http_request.h */
int sse_http_accepts(const char *accept, size_t len)
{
    return sse_http_accepts_type(accept, len, event_stream, sizeof event_stream - 1);
}

/* see sse/http_request.h */
int sse_http_accepts_type(const char *accept, size_t len, const char *type, size_t type_len)
{
    return weigh(range(accept, len), range(type, type_len)).q > 0;
}

/* see sse/http_request.h */
int sse_http_prefers(const char *accept, size_t len, const char *other, size_t other_len)
{
    const weight stream = weigh(range(accept, len), range(event_stream, sizeof event_stream - 1));
    const weight plain = weigh(range(accept, len), range(other, other_len));

    return stream.q > plain.q ||
           (stream.q > 0 && stream.q == plain.q && stream.named > plain.named);
}
