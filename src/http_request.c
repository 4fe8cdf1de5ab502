#include "sse/http.h"

#include "ascii.h"
#include "last_id.h"

#include <string.h>

static sse_str range(const char *ptr, size_t len)
{
    sse_str s;

    s.ptr = ptr;
    s.len = ptr ? len : 0;
    return s;
}

/* Cut s at the first `stop` that is not in a quoted string: what is ahead of it is returned, what
 * is behind it stays in s. Without one, all is returned and s becomes absent. */
static sse_str cut(sse_str *s, char stop)
{
    sse_str ahead = *s;
    int quoted = 0;
    size_t i;

    for (i = 0; i < ahead.len; i++) {
        const char c = ahead.ptr[i];

        if (c == stop && !quoted) {
            *s = range(ahead.ptr + i + 1, ahead.len - i - 1);
            ahead.len = i;
            return ahead;
        }
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted)
            i++;
    }
    *s = range(NULL, 0);
    return ahead;
}

/* How a client weighs a media type: what counts first is how much, in thousandths, then how exactly
 * it was named. 3: type and subtype, 2: any subtype, 1: any type, 0: not at all. */
typedef struct weight {
    int q;
    int named;
} weight;

/* Read a weight: 0 or 1, and up to three decimals. Anything else is 0. */
static int qvalue(sse_str s)
{
    static const int units[] = {1000, 0, 100, 10, 1}; /* of the bytes of "0.000" */
    int q = 0;
    size_t i;

    if (s.len > sizeof units / sizeof units[0])
        return 0;
    for (i = 0; i < s.len; i++) {
        if (i == 1 ? s.ptr[i] != '.' : s.ptr[i] < '0' || s.ptr[i] > '9')
            return 0;
        q += (s.ptr[i] - '0') * units[i];
    }
    return q > 1000 ? 0 : q;
}

/* How exactly a media range names a type. */
static int names(sse_str media_range, sse_str type)
{
    sse_str major;

    if (sse_ascii_same(media_range, type))
        return 3;
    if (sse_ascii_same(media_range, SSE_LIT("*/*")))
        return 1;
    major = cut(&media_range, '/');
    if (sse_ascii_same(major, cut(&type, '/')) && sse_ascii_same(media_range, SSE_LIT("*")))
        return 2;
    return 0;
}

/* Weigh a type by the media range that names it most exactly. Who says nothing takes any type. */
static weight weigh(sse_str accept, sse_str type)
{
    weight best = {0, 1}; /* until it is named: as if any type were refused */

    if (sse_ascii_trim(accept).len == 0)
        accept = SSE_LIT("*/*");
    while (accept.ptr) {
        sse_str element = cut(&accept, ',');
        int named = names(sse_ascii_trim(cut(&element, ';')), type);
        int q = 1000;

        while (element.ptr) {
            sse_str value = cut(&element, ';');
            sse_str name = cut(&value, '=');

            if (sse_ascii_same(sse_ascii_trim(name), SSE_LIT("q")))
                q = qvalue(sse_ascii_trim(value));
        }
        if (named > best.named || (named == best.named && q > best.q)) {
            best.q = q;
            best.named = named;
        }
    }
    return best;
}

static const char event_stream[] = "text/event-stream";

/* see sse/http.h */
int sse_http_accepts(const char *accept, size_t len)
{
    return sse_http_accepts_type(accept, len, event_stream, sizeof event_stream - 1);
}

/* see sse/http.h */
int sse_http_accepts_type(const char *accept, size_t len, const char *type, size_t type_len)
{
    return weigh(range(accept, len), range(type, type_len)).q > 0;
}

/* see sse/http.h */
int sse_http_prefers(const char *accept, size_t len, const char *other, size_t other_len)
{
    const weight stream = weigh(range(accept, len), range(event_stream, sizeof event_stream - 1));
    const weight plain = weigh(range(accept, len), range(other, other_len));

    return stream.q > plain.q ||
           (stream.q > 0 && stream.q == plain.q && stream.named > plain.named);
}

/* see sse/http.h */
int sse_http_last_event_id(const char *header, size_t header_len, const char *query,
                           size_t query_len, char *dst, size_t cap, size_t *len)
{
    sse_str id;
    int status;

    if (len == NULL)
        return SSE_E_ARG;
    status = sse_last_id(header, header_len, query, query_len, dst, cap, &id);
    *len = id.len;
    if (status == SSE_OK && id.len > cap)
        return SSE_E_SPACE;
    if (status == SSE_OK && id.len > 0)
        memmove(dst, id.ptr, id.len);
    return status;
}
