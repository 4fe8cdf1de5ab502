/* SPDX-License-Identifier: MIT */
/* http.c - what a client sends: the scanners of its fields and its query, and the answer.
 *
 * The scanners of a query are held against a plain decoder of form data. Accept has no such twin;
 * it must answer alike what means the same. All forms of an answer must say its fields and no
 * others. */
#include "fuzz.h"

#include "sse/http.h"
#include "sse/http_request.h"
#include "sse/retry.h"
#include "sse/text.h"
#include "sse/writer.h"

#include <string.h>

enum { FIELDS = 3, STREAM = 17 };

static const char stream[STREAM] = "text/event-stream";

static int accepts(sse_str accept)
{
    return sse_http_accepts(accept.ptr, accept.len);
}

/* A text between two others, in exact memory. */
static sse_str between(const char *ahead, sse_str text, const char *behind)
{
    const size_t a = strlen(ahead), b = strlen(behind);
    char *const memory = provide(a + text.len + b);
    const sse_str all = {memory, a + text.len + b};

    memcpy(memory, ahead, a);
    if (text.len > 0)
        memcpy(memory + a, text.ptr, text.len);
    memcpy(memory + a + text.len, behind, b);
    return all;
}

static sse_str in_upper_case(sse_str text)
{
    char *const memory = provide(text.len);
    const sse_str upper = {memory, text.len};
    size_t i;

    for (i = 0; i < text.len; i++)
        memory[i] = (char)(text.ptr[i] >= 'a' && text.ptr[i] <= 'z' ? text.ptr[i] - 'a' + 'A'
                                                                    : text.ptr[i]);
    return upper;
}

static int is_blank(sse_str text)
{
    size_t i;

    for (i = 0; i < text.len; i++)
        if (text.ptr[i] != ' ' && text.ptr[i] != '\t')
            return 0;
    return 1;
}

static void fuzz_accept(input *in)
{
    const sse_str accept = take_text(in), other = take_text(in);
    const int answer = accepts(accept);
    const int prefers = sse_http_prefers(accept.ptr, accept.len, other.ptr, other.len);

    demand(answer == sse_http_accepts_type(accept.ptr, accept.len, stream, STREAM));
    demand(answer == accepts(in_upper_case(accept)));
    demand(answer == accepts(between(" \t", accept, "\t ")));
    demand(answer == accepts(between("", accept, ", ,")) || is_blank(accept));
    /* An element more takes nothing away, unless there was none. */
    demand(answer == accepts(between("image/png;q=0.7, ", accept, "")) ||
           (answer && sse_http_accepts_type(accept.ptr, accept.len, "un/named", 8)));
    demand(accepts(between("Text/Event-Stream;q=1, ", accept, "")));
    demand(!is_blank(accept) || answer);
    demand(!prefers || answer);
    demand(!sse_http_prefers(accept.ptr, accept.len, stream, STREAM));
    /* A client that takes a stream, and not the other type, prefers the stream. */
    demand(sse_http_accepts_type(accept.ptr, accept.len, other.ptr, other.len) || !answer ||
           prefers);
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *const at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

/* Decode form data, byte by byte. Returns the length, or -1 where it is none. */
static int decode(sse_str text, char *out)
{
    int len = 0;
    size_t i;

    for (i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%') {
            if (i + 2 >= text.len || digit(text.ptr[i + 1]) < 0 || digit(text.ptr[i + 2]) < 0)
                return -1;
            c = (char)(digit(text.ptr[i + 1]) * 16 + digit(text.ptr[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[len++] = c;
    }
    return len;
}

static int is_id_name(const char *name, int len)
{
    static const char *const names[] = {"lasteventid", "last_event_id", "last-event-id",
                                        "evs_last_event_id"};
    int n, i;

    for (n = 0; n < 4; n++) {
        for (i = 0; i < len && names[n][i]; i++)
            if ((name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]) != names[n][i])
                break;
        if (i == len && names[n][i] == '\0')
            return 1;
    }
    return 0;
}

/* The first value in a query that is not empty, of a name, or of a last event ID where there is no
 * name. */
static sse_str parameter(sse_str query, const sse_str *name)
{
    size_t start = query.len > 0 && query.ptr[0] == '?', end, equals;
    sse_str value = {NULL, 0};
    char decoded[256];
    int n;

    for (; start < query.len; start = end + 1) {
        for (end = start; end < query.len && query.ptr[end] != '&'; end++)
            ;
        for (equals = start; equals < end && query.ptr[equals] != '='; equals++)
            ;
        n = decode((sse_str){query.ptr + start, equals - start}, decoded);
        if (n < 0 || equals + 1 >= end)
            continue;
        if (name ? is_same((sse_str){decoded, (size_t)n}, *name) : is_id_name(decoded, n)) {
            value.ptr = query.ptr + equals + 1;
            value.len = end - equals - 1;
            break;
        }
    }
    return value;
}

static sse_str trimmed(sse_str text)
{
    while (text.len > 0 && is_blank((sse_str){text.ptr, 1})) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank((sse_str){text.ptr + text.len - 1, 1}))
        text.len--;
    return text;
}

static void fuzz_last_event_id(input *in)
{
    const unsigned what = take_below(in, 4);
    const sse_str none = {NULL, 0};
    const sse_str header = what & 1 ? take_text(in) : none;
    const sse_str query = what & 2 ? take_text(in) : none;
    const size_t cap = take_below(in, 512);
    char *const dst = provide(cap);
    char decoded[256];
    sse_str want = trimmed(header);
    size_t len = cap + 1;
    const int status =
        sse_http_last_event_id(header.ptr, header.len, query.ptr, query.len, dst, cap, &len);

    if (want.len == 0) {
        const int n = decode(parameter(query, NULL), decoded);

        if (n < 0) {
            demand(status == SSE_E_FIELD && len == 0);
            return;
        }
        want.ptr = decoded;
        want.len = (size_t)n;
    }
    if (want.len > cap && want.ptr == decoded) {
        demand(status == SSE_E_SPACE && len == want.len);
    } else if (!sse_id_valid(want.ptr, want.len)) {
        demand(status == SSE_E_FIELD && len == 0);
    } else if (want.len > cap) {
        demand(status == SSE_E_SPACE && len == want.len);
    } else {
        demand(status == SSE_OK && len == want.len && is_same(want, (sse_str){dst, len}));
        demand(sse_http_last_event_id(header.ptr, header.len, query.ptr, query.len, NULL, 0,
                                      &len) == (want.len > 0 ? SSE_E_SPACE : SSE_OK));
        demand(len == want.len);
    }
}

static void fuzz_query(input *in)
{
    const sse_str query = take_text(in), name = take_text(in);
    const size_t cap = take_below(in, 512);
    char *const dst = provide(cap);
    char decoded[256];
    size_t len = cap + 1;
    const int status = sse_http_query(query.ptr, query.len, name.ptr, name.len, dst, cap, &len);
    int n;

    if (name.len == 0) {
        demand(status == SSE_E_ARG && len == 0);
        return;
    }
    n = decode(parameter(query, &name), decoded);
    if (n < 0)
        demand(status == SSE_E_FIELD && len == 0);
    else if ((size_t)n > cap)
        demand(status == SSE_E_SPACE && len == (size_t)n);
    else
        demand(status == SSE_OK && is_same((sse_str){decoded, (size_t)n}, (sse_str){dst, len}));
}

/* Step over a text that must be there. */
static const char *step(const char *at, const char *end, sse_str text)
{
    demand((size_t)(end - at) >= text.len && is_same((sse_str){at, text.len}, text));
    return at + text.len;
}

/* Demand that a head is a line for each field behind the status line, and a blank line. Returns
 * what follows. */
static sse_str says(const char *at, size_t len, const sse_http_field *fields, size_t count)
{
    const char *const end = at + len;
    size_t i;

    at = step(at, end, SSE_LIT("HTTP/1."));
    for (; at < end && *at != '\r'; at++)
        demand(*at >= ' ');
    for (i = 0; i < count; i++) {
        at = step(at, end, SSE_LIT("\r\n"));
        at = step(at, end, fields[i].name);
        at = step(at, end, SSE_LIT(": "));
        at = step(at, end, fields[i].value);
    }
    at = step(at, end, SSE_LIT("\r\n\r\n"));
    return (sse_str){at, (size_t)(end - at)};
}

/* Demand that no field can be read as two. */
static void is_one_line(const sse_http_field *field)
{
    size_t i;

    demand(field->name.len > 0);
    for (i = 0; i < field->name.len; i++)
        demand(field->name.ptr[i] > ' ' && field->name.ptr[i] != ':' && field->name.ptr[i] != 0x7F);
    for (i = 0; i < field->value.len; i++) {
        const unsigned char c = (unsigned char)field->value.ptr[i];

        demand(c == '\t' || (c >= ' ' && c != 0x7F));
    }
    demand(is_same(trimmed(field->value), field->value));
}

/* Demand that the list without a struct says the same, field by field. */
static void says_in_parts(const sse_http_answer *a, const sse_http_field *fields, size_t count)
{
    size_t i, name_len, value_len;

    for (i = 0; i <= count; i++) {
        const size_t need = i < count ? fields[i].name.len + fields[i].value.len + 2 : 0;
        char *const dst = provide(need);
        const int status = sse_http_field_parts(
            a->version, a->status, a->flags, a->retry_ms, a->origin.ptr, a->origin.len,
            a->methods.ptr, a->methods.len, i, dst, need, &name_len, &value_len);

        demand(status == (i < count ? SSE_OK : SSE_END));
        demand(i == count || (is_same((sse_str){dst, name_len}, fields[i].name) &&
                              is_same((sse_str){dst + name_len + 1, value_len}, fields[i].value)));
    }
}

/* Queue an answer. Returns what is queued; demands that the result is `want`. */
static sse_str queued(const sse_http_answer *a, int want)
{
    const uint32_t flags = a->flags & SSE_HTTP_CHUNKED && a->status <= 200 ? SSE_WRITER_CHUNKED : 0;
    const size_t size = SSE_WRITER_WORDS(8192) * sizeof(size_t);
    sse_writer *const w = sse_writer_init(provide(size), size, flags);
    const void *bytes = NULL;
    size_t len = 0;

    demand(sse_http_send(a, w) == want);
    demand(sse_writer_peek(w, &bytes, &len) != SSE_OK || want == SSE_OK);
    return (sse_str){bytes, len};
}

static void fuzz_answer(input *in)
{
    static const int versions[] = {SSE_HTTP_MANAGED, SSE_HTTP_1_0, SSE_HTTP_1_1, 1};
    static const int statuses[] = {0, 200, 204, 404, 405, 429, 503, 301};
    sse_http_field extra[FIELDS], fields[SSE_HTTP_FIELDS_MAX + FIELDS];
    char scratch[SSE_HTTP_SCRATCH];
    sse_http_answer a;
    sse_str text, body;
    size_t i, count = 1, need, len = 1;
    char *dst;
    int status;

    memset(&a, 0, sizeof a);
    a.version = versions[take_below(in, 4)];
    a.status = statuses[take_below(in, 8)];
    a.flags = take_below(in, 9) * SSE_HTTP_CHUNKED;
    a.first = (int)take_below(in, 5);
    a.retry_ms = (uint32_t)take_word(in);
    if (take_below(in, 2))
        a.origin = take_below(in, 2) ? take_text(in) : SSE_LIT("*");
    if (take_below(in, 2)) {
        a.methods = take_text(in);
        a.headers = take_text(in);
    }
    a.extra_count = take_below(in, FIELDS + 1);
    a.extra = extra;
    for (i = 0; i < a.extra_count; i++) {
        extra[i].name = take_text(in);
        extra[i].value = take_text(in);
    }
    status = sse_http_fields(&a, fields, SSE_HTTP_FIELDS_MAX + FIELDS, scratch, &count);
    demand(status <= SSE_OK && status != SSE_E_SPACE);
    demand(sse_http_fields(&a, NULL, 0, NULL, &need) ==
           (status == SSE_OK && count > 0 ? SSE_E_SPACE : status));
    demand(need == count && (status == SSE_OK || count == 0));
    for (i = 0; i < count; i++)
        is_one_line(&fields[i]);
    if (status == SSE_OK && a.headers.ptr == NULL)
        says_in_parts(&a, fields, count - a.extra_count);

    text = queued(&a, status);
    if (a.version == SSE_HTTP_MANAGED) /* which has no text; arguments go first */
        status = SSE_E_ARG;
    demand(sse_http_head(&a, NULL, 0, &need) == (status == SSE_OK ? SSE_E_SPACE : status));
    if (status != SSE_OK) {
        demand(need == 0);
        return;
    }
    dst = provide(need);
    demand(sse_http_head(&a, dst, need, &len) == SSE_OK && len == need);
    demand(is_same((sse_str){dst, len}, text));
    demand(sse_http_head(&a, provide(need - 1), need - 1, &len) == SSE_E_SPACE && len == need);
    body = says(dst, len, fields, count);
    if (a.flags & SSE_HTTP_CHUNKED && body.len > 0) { /* 8 digits and CRLF, the bytes, CRLF */
        body.ptr += 10;
        body.len -= 12;
    }
    a.version = SSE_HTTP_MANAGED;
    a.flags &= ~(uint32_t)SSE_HTTP_CHUNKED;
    demand(is_same(body, queued(&a, SSE_OK)));
}

static void fuzz_spread(input *in)
{
    const uint32_t base = (uint32_t)take_word(in), window = (uint32_t)take_word(in);
    const uint64_t seed = take_word(in);
    const uint32_t spread = sse_retry_spread(base, window, seed);

    demand(spread >= 1 && spread <= SSE_RETRY_MAX);
    demand(spread >= base || spread == SSE_RETRY_MAX);
    demand(spread == 1 || spread < (uint64_t)base + window || window == 0);
    demand(spread == sse_retry_spread(base, window, seed));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const what[])(input *) = {fuzz_accept, fuzz_last_event_id, fuzz_answer,
                                            fuzz_spread, fuzz_query};
    input in = {data, size};

    what[take_below(&in, 5)](&in);
    release_all();
    return 0;
}
