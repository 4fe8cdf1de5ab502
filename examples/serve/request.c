#define _GNU_SOURCE

#include "request.h"

#include "feed.h"

#include <sse/history.h>

#include <string.h>
#include <strings.h>

static int is(sse_str s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.ptr, text, s.len) == 0;
}

/* Cut s at the first `stop`, or at its end: returns what is ahead and leaves what is behind; absent
 * where there is no stop. */
static sse_str cut(sse_str *s, char stop)
{
    const char *at = s->len > 0 ? memchr(s->ptr, stop, s->len) : NULL;
    sse_str ahead = {s->ptr, at ? (size_t)(at - s->ptr) : s->len};

    *s = at ? (sse_str){at + 1, s->len - ahead.len - 1} : (sse_str){NULL, 0};
    return ahead;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static sse_str trim(sse_str s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
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
static int read_first_line(request *r, sse_str line)
{
    const sse_str method = cut(&line, ' ');
    sse_str target = cut(&line, ' ');

    if (method.len == 0 || target.len == 0 || target.ptr[0] != '/' || line.len != 8 ||
        memcmp(line.ptr, "HTTP/", 5) != 0)
        return 400;
    if (memcmp(line.ptr, "HTTP/1.", 7) != 0)
        return 505;
    r->path = cut(&target, '?');
    r->query = target;
    return method.len == 3 && memcmp(method.ptr, "GET", 3) == 0 ? 200 : 405;
}

int request_read(request *r, const char *bytes, size_t len)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    sse_str rest = {bytes, end ? (size_t)(end - bytes) : 0};
    int accepts = -1, hosts = 0, status;
    sse_str line;

    memset(r, 0, sizeof *r);
    if (end == NULL)
        return 0;
    if (!feed_line(&rest, &line) || has_control_byte(line))
        return 400;
    status = read_first_line(r, line);
    while (status != 400 && feed_line(&rest, &line)) {
        const sse_str name = cut(&line, ':');
        const sse_str value = trim(line);

        if (line.ptr == NULL || name.len == 0 || memchr(name.ptr, ' ', name.len) ||
            has_control_byte(name) || has_control_byte(value))
            return 400;
        if (is(name, "Host"))
            hosts++;
        if (is(name, "Last-Event-ID"))
            r->last_event_id = value;
        if (is(name, "Accept")) /* one that suffices, where there are several */
            accepts = sse_http_accepts(value.ptr, value.len) || accepts == 1;
    }
    if (status == 200 && hosts != 1)
        return 400;
    return status == 200 && accepts == 0 ? 406 : status;
}

sse_str request_parameter(const request *r, const char *name)
{
    sse_str rest = r->query;

    while (rest.len > 0) {
        sse_str value = cut(&rest, '&');

        if (is(cut(&value, '='), name) && value.ptr)
            return value;
    }
    return (sse_str){NULL, 0};
}

size_t request_last_id(const request *r, char *id)
{
    size_t len;

    if (sse_http_last_event_id(r->last_event_id.ptr, r->last_event_id.len, r->query.ptr,
                               r->query.len, id, SSE_HISTORY_ID_MAX, &len) == SSE_OK)
        return len;
    id[0] = '?';
    return 1;
}
