/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "request.h"

#include <string.h>
#include <strings.h>

#define IS(s, text) ((s).len == sizeof(text) - 1 && memcmp((s).ptr, text, (s).len) == 0)

/* Cut s at the first `stop`: returns what is before it and leaves what is after it in s. Without
 * one, returns an absent range and leaves s alone. */
static sse_str cut(sse_str *s, char stop)
{
    sse_str ahead = {NULL, 0};
    const char *at = s->len > 0 ? memchr(s->ptr, stop, s->len) : NULL;

    if (at) {
        ahead.ptr = s->ptr;
        ahead.len = (size_t)(at - s->ptr);
        s->ptr = at + 1;
        s->len -= ahead.len + 1;
    }
    return ahead;
}

/* The next line of the head, without its CRLF, or LF; absent where it has not all come. */
static sse_str next_line(sse_str *rest)
{
    sse_str line = cut(rest, '\n');

    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static int is_name(sse_str s)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", s.ptr[i]))
            return 0;
    return s.len > 0;
}

static int is_text(sse_str s)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7F)
            return 0;
    return 1;
}

static sse_str trim(sse_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* "GET /path?query HTTP/1.1", or with "http://host" before the path, as proxies send it. */
static int read_request_line(request *r, sse_str line)
{
    const sse_str method = cut(&line, ' ');
    sse_str target = cut(&line, ' ');

    if (!is_name(method) || target.len == 0 || !is_text(target))
        return 400;
    if (line.len != 8 || memcmp(line.ptr, "HTTP/", 5) != 0 || line.ptr[6] != '.' ||
        line.ptr[5] < '0' || line.ptr[5] > '9' || line.ptr[7] < '0' || line.ptr[7] > '9')
        return 400;
    if (line.ptr[5] != '1')
        return 505;
    r->minor = line.ptr[7] - '0';
    if (target.len > 7 && strncasecmp(target.ptr, "http://", 7) == 0) {
        const char *slash = memchr(target.ptr + 7, '/', target.len - 7);

        if (slash) {
            target.len -= (size_t)(slash - target.ptr);
            target.ptr = slash;
        } else {
            target = SSE_LIT("/");
        }
    }
    if (IS(method, "HEAD"))
        r->method = HEAD;
    else if (IS(method, "OPTIONS"))
        r->method = OPTIONS;
    else if (!IS(method, "GET"))
        return 405;
    if (r->method == OPTIONS && IS(target, "*"))
        return 405;
    if (target.ptr[0] != '/')
        return 400;
    r->path = cut(&target, '?');
    if (r->path.ptr)
        r->query = target;
    else
        r->path = target;
    return 200;
}

static int add_accept(request *r, sse_str value)
{
    if (value.len + 2 > sizeof r->accept - r->accept_len)
        return -1;
    if (r->accepts) {
        memcpy(r->accept + r->accept_len, ", ", 2);
        r->accept_len += 2;
    }
    memcpy(r->accept + r->accept_len, value.ptr, value.len);
    r->accept_len += value.len;
    r->accepts = 1;
    return 0;
}

int request_read(request *r, const char *bytes, size_t len)
{
    sse_str rest = {bytes, len};
    sse_str line = next_line(&rest);
    int hosts = 0, status;

    memset(r, 0, sizeof *r);
    if (line.ptr && line.len == 0) /* RFC 9112, section 2.2: a blank line ahead is let pass */
        line = next_line(&rest);
    if (line.ptr == NULL)
        return 0;
    status = read_request_line(r, line);
    if (status == 400 || status == 505)
        return status;
    for (;;) {
        sse_str value = next_line(&rest);
        sse_str name;

        if (value.ptr == NULL)
            return 0;
        if (value.len == 0)
            break;
        name = cut(&value, ':');
        value = trim(value);
        if (!is_name(name) || !is_text(value))
            return 400;
        if (name.len == 4 && strncasecmp(name.ptr, "Host", 4) == 0)
            hosts++;
        if (name.len == 13 && strncasecmp(name.ptr, "Last-Event-ID", 13) == 0)
            r->last_id = value;
        if (name.len == 6 && strncasecmp(name.ptr, "Accept", 6) == 0 && add_accept(r, value) != 0)
            return 431;
    }
    if (hosts > 1 || (hosts == 0 && r->minor > 0))
        return 400;
    return status;
}
