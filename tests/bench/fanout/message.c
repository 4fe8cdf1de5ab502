#define _GNU_SOURCE

#include "message.h"

#include <sse/http_request.h>

#include <string.h>
#include <strings.h>

/* What the fields say that concerns the body and the connection. */
typedef struct framing {
    size_t hosts, lengths;
    size_t length;
    int bad; /* a length that is none */
    int coded;
    int close, keep;
    int accepts; /* -1: there is no such field */
} framing;

static int is(sse_str s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.ptr, text, s.len) == 0;
}

static int is_exactly(sse_str s, const char *text)
{
    return is(s, text) && memcmp(s.ptr, text, s.len) == 0;
}

/* Cut s at the first `stop`, or at its end: returns the part before it and leaves the part after
 * it; absent where there is no stop. */
static sse_str cut(sse_str *s, char stop)
{
    const char *const at = s->len > 0 ? memchr(s->ptr, stop, s->len) : NULL;
    const sse_str before = {s->ptr, at ? (size_t)(at - s->ptr) : s->len};

    *s = at ? (sse_str){at + 1, s->len - before.len - 1} : (sse_str){NULL, 0};
    return before;
}

static sse_str trim(sse_str s)
{
    for (; s.len > 0 && strchr(" \t", s.ptr[0]); s.len--)
        s.ptr++;
    while (s.len > 0 && strchr(" \t", s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Cut a line off the front of a head that is whole. */
static sse_str next_line(sse_str *rest)
{
    sse_str line = cut(rest, '\n');

    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static int has_control_byte(sse_str s)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7F)
            return 1;
    return 0;
}

/* "GET /path?query HTTP/1.1" */
static int read_first_line(message *m, sse_str line)
{
    sse_str target;

    m->method = cut(&line, ' ');
    target = cut(&line, ' ');
    if (m->method.len == 0 || target.len == 0 || target.ptr[0] != '/' || line.len != 8 ||
        memcmp(line.ptr, "HTTP/", 5) != 0)
        return 400;
    m->minor = line.ptr[7] - '0';
    m->path = cut(&target, '?');
    m->query = target;
    return memcmp(line.ptr, "HTTP/1.", 7) == 0 ? 200 : 505;
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

/* Returns 0 where the line is no field. */
static int read_field(message *m, framing *f, sse_str line)
{
    const sse_str name = cut(&line, ':'), value = trim(line);

    if (line.ptr == NULL || name.len == 0 || memchr(name.ptr, ' ', name.len) ||
        has_control_byte(name) || has_control_byte(value))
        return 0;
    if (is(name, "Host"))
        f->hosts++;
    else if (is(name, "Last-Event-ID"))
        m->last_event_id = value;
    else if (is(name, "Accept")) /* one that suffices, where there are several */
        f->accepts = sse_http_accepts(value.ptr, value.len) || f->accepts == 1;
    else if (is(name, "Content-Length"))
        read_length(f, value);
    else if (is(name, "Transfer-Encoding"))
        f->coded = 1;
    else if (is(name, "Expect"))
        m->expects = is(value, "100-continue");
    else if (is(name, "Connection")) {
        f->close |= is(value, "close");
        f->keep |= is(value, "keep-alive");
    }
    return 1;
}

static int read_head(message *m, framing *f, sse_str head)
{
    const sse_str line = next_line(&head);
    const int status = has_control_byte(line) ? 400 : read_first_line(m, line);

    if (status != 200)
        return status;
    while (head.len > 0)
        if (!read_field(m, f, next_line(&head)))
            return 400;
    m->close = f->close || (m->minor == 0 && !f->keep);
    if (f->bad || f->hosts > 1 || (f->hosts == 0 && m->minor > 0) || (f->coded && f->lengths > 0))
        return 400;
    if (f->coded || (is_exactly(m->method, "POST") && f->lengths == 0))
        return 411;
    return f->length > MESSAGE_BODY_MAX ? 413 : 200;
}

int message_read(message *m, const char *bytes, size_t len)
{
    const char *const from = bytes;
    const char *end;
    framing f = {.accepts = -1};
    int status;

    memset(m, 0, sizeof *m);
    while (len > 1 && memcmp(bytes, "\r\n", 2) == 0) { /* RFC 9112, section 2.2 */
        bytes += 2;
        len -= 2;
    }
    end = memmem(bytes, len < MESSAGE_HEAD_MAX ? len : MESSAGE_HEAD_MAX, "\r\n\r\n", 4);
    if (end == NULL)
        return len < MESSAGE_HEAD_MAX ? 0 : 431;
    end += 4;
    status = read_head(m, &f, (sse_str){bytes, (size_t)(end - bytes) - 4});
    if (status != 200)
        return status;
    if ((size_t)(bytes + len - end) < f.length)
        return 0;
    m->body = (sse_str){end, f.length};
    m->len = (size_t)(end - from) + f.length;
    return is_exactly(m->method, "GET") && f.accepts == 0 ? 406 : 200;
}
