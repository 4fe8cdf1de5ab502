/* http.c - what a client sends: the scanners of its fields, and the head of the answer.
 *
 * The scanner of a last event ID is held against a plain decoder of form data. Accept has no such
 * twin; it must answer alike what means the same. The head must say its fields and no others. */
#include "fuzz.h"

#include "sse/http.h"
#include "sse/text.h"

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
    demand(answer == accepts(between("image/png;q=0.7, ", accept, "")) || is_blank(accept));
    demand(accepts(between("Text/Event-Stream;q=1, ", accept, "")));
    demand(!is_blank(accept) || answer);
    demand(!prefers || answer);
    demand(!sse_http_prefers(accept.ptr, accept.len, stream, STREAM));
    /* Who takes a stream, and does not take the other type, prefers the stream. */
    demand(sse_http_accepts_type(accept.ptr, accept.len, other.ptr, other.len) || !answer ||
           prefers || is_blank(accept));
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

/* The first parameter of a query that is a last event ID. */
static sse_str parameter(sse_str query)
{
    static const sse_str names[] = {{"lastEventId", 11}, {"last_event_id", 13}};
    size_t start = 0, end, n;
    sse_str value = {NULL, 0};

    for (; query.ptr && start <= query.len; start = end + 1) {
        for (end = start; end < query.len && query.ptr[end] != '&'; end++)
            ;
        for (n = 0; n < 2; n++) {
            const size_t len = names[n].len;

            if (end - start < len || memcmp(query.ptr + start, names[n].ptr, len) != 0)
                continue;
            if (end - start > len && query.ptr[start + len] != '=')
                continue;
            value.ptr = query.ptr + start + len;
            value.len = end - start - len;
            if (value.len > 0) {
                value.ptr++;
                value.len--;
            }
            return value;
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

    if (header.ptr == NULL) {
        const int n = decode(parameter(query), decoded);

        if (n < 0) {
            demand(status == SSE_E_FIELD && len == 0);
            return;
        }
        want.ptr = decoded;
        want.len = (size_t)n;
    }
    if (want.len > cap) {
        demand(status == SSE_E_SPACE && len == want.len);
    } else if (!sse_id_valid(want.ptr, want.len)) {
        demand(status == SSE_E_FIELD && len == 0);
    } else {
        demand(status == SSE_OK && len == want.len && is_same(want, (sse_str){dst, len}));
        demand(sse_http_last_event_id(header.ptr, header.len, query.ptr, query.len, NULL, 0,
                                      &len) == (want.len > 0 ? SSE_E_SPACE : SSE_OK));
        demand(len == want.len);
    }
}

/* Step over a text that must be there. */
static const char *step(const char *at, const char *end, sse_str text)
{
    demand((size_t)(end - at) >= text.len && is_same((sse_str){at, text.len}, text));
    return at + text.len;
}

/* Demand that a head is a line for each field behind the status line, a blank line, and a body that
 * a client can read over. */
static void says(const char *at, size_t len, const sse_field *fields, size_t count)
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
    step(at, end, SSE_LIT("\r\n\r\n"));
}

/* Demand that no field can be read as two. */
static void is_one_line(const sse_field *field)
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

static void fuzz_head(input *in)
{
    static const int statuses[] = {0, 200, 204, 503, 404, -1};
    sse_field extra[FIELDS], fields[SSE_HTTP_FIELDS_MAX + FIELDS];
    sse_head head;
    size_t i, count = 1, need, len = 1;
    char *dst;
    int status;

    memset(&head, 0, sizeof head);
    head.version = (int)take_below(in, 5) - 1;
    head.status = statuses[take_below(in, 6)];
    head.flags = take_below(in, 5);
    head.retry_ms = (uint32_t)take_word(in);
    if (take_below(in, 2))
        head.allow_origin = take_below(in, 2) ? take_text(in) : SSE_LIT("*");
    head.extra_count = take_below(in, FIELDS + 1);
    head.extra = extra;
    for (i = 0; i < head.extra_count; i++) {
        extra[i].name = take_text(in);
        extra[i].value = take_text(in);
    }
    status = sse_http_fields(&head, fields, SSE_HTTP_FIELDS_MAX + FIELDS, &count);
    demand(status <= SSE_OK && status != SSE_E_SPACE);
    demand(sse_http_fields(&head, NULL, 0, &need) ==
           (status == SSE_OK && count > 0 ? SSE_E_SPACE : status));
    demand(need == count && (status == SSE_OK || count == 0));
    for (i = 0; i < count; i++)
        is_one_line(&fields[i]);

    if (head.version == SSE_HTTP_2) /* which has no text; arguments go first */
        status = SSE_E_ARG;
    demand(sse_http_head(&head, NULL, 0, &need) == (status == SSE_OK ? SSE_E_SPACE : status));
    if (status != SSE_OK) {
        demand(need == 0);
        return;
    }
    dst = provide(need);
    demand(sse_http_head(&head, dst, need, &len) == SSE_OK && len == need);
    says(dst, len, fields, count);
    demand(sse_http_head(&head, provide(need - 1), need - 1, &len) == SSE_E_SPACE && len == need);
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
    static void (*const what[])(input *) = {fuzz_accept, fuzz_last_event_id, fuzz_head,
                                            fuzz_spread};
    input in = {data, size};

    what[take_below(&in, 4)](&in);
    release_all();
    return 0;
}
