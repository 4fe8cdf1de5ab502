#define _GNU_SOURCE

#include "message.h"

#include <string.h>
#include <strings.h>

/* What the fields say that concerns the body and the connection. */
typedef struct framing {
    size_t hosts, lengths;
    size_t length;
    int bad; /* a length that is not one */
    int coded;
    int close, keep;
} framing;

static int is(sse_str s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.ptr, text, s.len) == 0;
}

/* Cut a line off the front of a head that is known to be whole. */
static sse_str next_line(sse_str *rest)
{
    const char *const lf = memchr(rest->ptr, '\n', rest->len);
    sse_str line = {rest->ptr, lf ? (size_t)(lf - rest->ptr) : rest->len};

    rest->ptr += line.len + (lf != NULL);
    rest->len -= line.len + (lf != NULL);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Digits, and nothing else. What is far too much is as good as what is just too much. */
static void read_length(framing *f, sse_str value)
{
    size_t n = 0, i;

    for (i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            f->bad = 1;
        if (n <= MESSAGE_BODY_MAX)
            n = n * 10 + (size_t)(value.ptr[i] - '0');
    }
    if (value.len == 0 || (f->lengths > 0 && n != f->length))
        f->bad = 1;
    f->length = n;
    f->lengths++;
}

static void read_field(message *m, framing *f, sse_str line)
{
    const char *const colon = memchr(line.ptr, ':', line.len);
    const sse_str name = {line.ptr, (size_t)(colon - line.ptr)};
    sse_str value = {colon + 1, line.len - name.len - 1};

    for (; value.len > 0 && strchr(" \t", value.ptr[0]); value.len--)
        value.ptr++;
    while (value.len > 0 && strchr(" \t", value.ptr[value.len - 1]))
        value.len--;
    if (is(name, "Host"))
        f->hosts++;
    if (is(name, "Content-Length"))
        read_length(f, value);
    if (is(name, "Transfer-Encoding"))
        f->coded = 1;
    if (is(name, "Expect"))
        m->expects = is(value, "100-continue");
    if (is(name, "Connection")) {
        f->close |= is(value, "close");
        f->keep |= is(value, "keep-alive");
    }
}

static int is_post(const message *m)
{
    return m->method.len == 4 && memcmp(m->method.ptr, "POST", 4) == 0;
}

/* Read what request_read has found to be a good head. */
static int read_head(message *m, framing *f, sse_str head)
{
    sse_str line = next_line(&head);

    m->method =
        (sse_str){line.ptr, (size_t)((const char *)memchr(line.ptr, ' ', line.len) - line.ptr)};
    m->minor = line.ptr[line.len - 1] - '0';
    while (head.len > 0)
        read_field(m, f, next_line(&head));
    m->close = f->close || (m->minor == 0 && !f->keep);
    if (f->bad || f->hosts > 1 || (f->hosts == 0 && m->minor > 0) || (f->coded && f->lengths > 0))
        return 400;
    if (f->coded || (is_post(m) && f->lengths == 0))
        return 411;
    return f->length > MESSAGE_BODY_MAX ? 413 : 200;
}

int message_read(message *m, const char *bytes, size_t len)
{
    const char *const from = bytes;
    const char *end;
    framing f = {0};
    int status, refusal;

    memset(m, 0, sizeof *m);
    while (len > 1 && memcmp(bytes, "\r\n", 2) == 0) { /* RFC 9112, section 2.2 */
        bytes += 2;
        len -= 2;
    }
    end = memmem(bytes, len < MESSAGE_HEAD_MAX ? len : MESSAGE_HEAD_MAX, "\r\n\r\n", 4);
    if (end == NULL)
        return len < MESSAGE_HEAD_MAX ? 0 : 431;
    end += 4;
    refusal = request_read(&m->request, bytes, (size_t)(end - bytes));
    if (refusal == 400 || refusal == 505)
        return refusal;
    status = read_head(m, &f, (sse_str){bytes, (size_t)(end - bytes) - 4});
    if (status != 200)
        return status;
    if ((size_t)(bytes + len - end) < f.length)
        return 0;
    m->body = (sse_str){end, f.length};
    m->len = (size_t)(end - from) + f.length;
    return refusal == 406 ? 406 : 200;
}
