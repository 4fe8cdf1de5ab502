/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L

#include "request.h"

#include "text.h"

#include <sse/http_request.h>

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* What the fields say of the body and the connection. */
typedef struct framing {
    int hosts, lengths, codings;
    int is_chunked, closes, keeps;
} framing;

static int is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7F;
}

/* Whether s is made of visible ASCII without these bytes, and is not empty. */
static int is_free_of(sse_str s, const char *bytes)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7F || strchr(bytes, s.ptr[i]))
            return 0;
    return s.len > 0;
}

static int is_token(sse_str s)
{
    return is_free_of(s, "\"(),/:;<=>?@[\\]{}");
}

/* A host, and perhaps a port. Users and passwords do not belong in a request. */
static int is_authority(sse_str s)
{
    return is_free_of(s, "\"#,/<>?@\\^`{|}");
}

static int has_control(sse_str s)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        if (is_control(s.ptr[i]) && s.ptr[i] != '\t')
            return 1;
    return 0;
}

/* Cut "http://host" off a target, or the same with https. Returns 0 where the host is none. */
static int cut_authority(request *r, sse_str *target)
{
    size_t at = 0, len;

    for (len = 4; len <= 5 && at == 0; len++)
        if (target->len > len + 3 && strncasecmp(target->ptr, "https", len) == 0 &&
            memcmp(target->ptr + len, "://", 3) == 0)
            at = len + 3;
    if (at == 0)
        return 1;
    *target = (sse_str){target->ptr + at, target->len - at};
    for (len = 0; len < target->len && target->ptr[len] != '/' && target->ptr[len] != '?';)
        len++;
    r->host = (sse_str){target->ptr, len};
    *target = (sse_str){target->ptr + len, target->len - len};
    return is_authority(r->host);
}

/* "/path?query", the same after "http://host", or "*". */
static int read_target(request *r, sse_str target)
{
    if (!cut_authority(r, &target))
        return 400;
    r->path = text_cut(&target, '?');
    r->query = target;
    if (r->host.ptr && r->path.len == 0)
        r->path = SSE_LIT("/");
    if (r->path.len > 0 && r->path.ptr[0] == '/')
        return 200;
    return text_is(r->path, "*") && text_is(r->method, "OPTIONS") && !r->query.ptr ? 200 : 400;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "GET /path HTTP/1.1" */
static int read_first_line(request *r, sse_str line)
{
    sse_str target, version;

    r->method = text_cut(&line, ' ');
    target = text_cut(&line, ' ');
    version = line;
    if (!is_token(r->method) || target.len == 0 || has_control(target) || version.len != 8 ||
        memcmp(version.ptr, "HTTP/", 5) != 0 || !is_digit(version.ptr[5]) ||
        version.ptr[6] != '.' || !is_digit(version.ptr[7]))
        return 400;
    if (version.ptr[5] != '1')
        return 505;
    r->minor = version.ptr[7] - '0';
    return read_target(r, target);
}

static int read_length(request *r, sse_str digits)
{
    size_t n = 0, i;

    for (i = 0; i < digits.len; i++) {
        if (!is_digit(digits.ptr[i]))
            return 400;
        n = n > (SIZE_MAX - 9) / 10 ? SIZE_MAX : n * 10 + (size_t)(digits.ptr[i] - '0');
    }
    r->body_len = n;
    r->has_body = 1;
    return digits.len > 0 ? 200 : 400;
}

static int read_host(request *r, sse_str host)
{
    if (r->host.ptr == NULL)
        r->host = host;
    return host.len == 0 || is_authority(host) ? 200 : 400;
}

static void read_connection(request *r, framing *f, sse_str name, sse_str value)
{
    if (text_is_name(name, "Expect"))
        r->expects = text_is_name(value, "100-continue");
    if (!text_is_name(name, "Connection"))
        return;
    while (value.ptr) {
        const sse_str option = text_trim(text_cut(&value, ','));

        f->closes |= text_is_name(option, "close");
        f->keeps |= text_is_name(option, "keep-alive");
    }
}

static int read_field(request *r, framing *f, sse_str line)
{
    const sse_str name = text_cut(&line, ':'), value = text_trim(line);

    if (line.ptr == NULL || !is_token(name) || has_control(value))
        return 400;
    if (text_is_name(name, "Host"))
        return f->hosts++ > 0 ? 400 : read_host(r, value);
    if (text_is_name(name, "Content-Length"))
        return f->lengths++ > 0 ? 400 : read_length(r, value);
    if (text_is_name(name, "Transfer-Encoding"))
        f->is_chunked = f->codings++ == 0 && text_is_name(value, "chunked");
    read_connection(r, f, name, value);
    return 200;
}

/* Whether the fields agree about where the request ends, and that can be served. */
static int check(const request *r, const framing *f, size_t body_max)
{
    if (r->minor > 0 ? f->hosts == 0 : f->codings > 0)
        return 400;
    if (f->codings > 0 && f->lengths > 0)
        return 400;
    if (f->codings > 0)
        return f->is_chunked ? 411 : 501;
    return r->body_len > body_max ? 413 : 200;
}

/* Read a head that is complete. */
static int read_head(request *r, sse_str head, size_t body_max)
{
    framing f = {0};
    int status = read_first_line(r, text_line(&head));

    r->fields = head;
    while (status == 200 && head.len > 0) {
        const sse_str line = text_line(&head);

        if (line.len > 0) /* the blank line is the last one */
            status = read_field(r, &f, line);
    }
    r->close = f.closes || (r->minor == 0 && !f.keeps);
    return status == 200 ? check(r, &f, body_max) : status;
}

/* Pass over blank lines before the request: RFC 9112, section 2.2. */
static void skip_blank_lines(request *r, const char *bytes, size_t len)
{
    for (;;) {
        const size_t cr = r->begin_ < len && bytes[r->begin_] == '\r';

        if (r->begin_ + cr >= len || bytes[r->begin_ + cr] != '\n')
            break;
        r->begin_ += cr + 1;
    }
    if (r->seen_ < r->begin_)
        r->seen_ = r->begin_;
}

/* Search on for the blank line: returns where the head ends, or 0. */
static size_t find_end(request *r, const char *bytes, size_t len)
{
    const char *lf;

    while ((lf = memchr(bytes + r->seen_, '\n', len - r->seen_)) != NULL) {
        const size_t at = (size_t)(lf - bytes);
        const size_t cr = at + 1 < len && bytes[at + 1] == '\r';

        if (at + 1 + cr == len) { /* what follows has not arrived: look at this one again */
            r->seen_ = at;
            return 0;
        }
        if (bytes[at + 1 + cr] == '\n')
            return at + cr + 2;
        r->seen_ = at + 1;
    }
    r->seen_ = len;
    return 0;
}

/* Refuse at once what does not begin as a request, such as TLS. Returns 0 where it may be one. */
static int check_beginning(request *r, sse_str some)
{
    const int has_line = some.len > 0 && memchr(some.ptr, '\n', some.len) != NULL;
    int status = 200;

    if (r->begun_)
        return 0;
    if (has_line)
        status = read_first_line(r, text_line(&some));
    else if (some.len > 0 && is_control(some.ptr[0]) && some.ptr[0] != '\r')
        status = 400;
    r->begun_ = has_line;
    return status == 200 ? 0 : status;
}

/* see request.h */
int request_read(request *r, const char *bytes, size_t len, size_t head_max, size_t body_max)
{
    const size_t most = len < head_max ? len : head_max;
    int status;

    *r = (request){.begin_ = r->begin_, .seen_ = r->seen_, .begun_ = r->begun_};
    skip_blank_lines(r, bytes, most);
    r->len = find_end(r, bytes, most);
    if (r->len > 0)
        return read_head(r, (sse_str){bytes + r->begin_, r->len - r->begin_}, body_max);
    status = check_beginning(r, (sse_str){bytes + r->begin_, most - r->begin_});
    if (status == 0 && len >= head_max)
        status = 431;
    return status;
}

/* see request.h */
int request_next_field(sse_str *rest, const char *name, sse_str *value)
{
    while (rest->len > 0) {
        *value = text_line(rest);
        if (text_is_name(text_cut(value, ':'), name)) {
            *value = text_trim(*value);
            return 1;
        }
    }
    return 0;
}

/* see request.h */
sse_str request_field(const request *r, const char *name)
{
    sse_str rest = r->fields, value;

    return request_next_field(&rest, name, &value) ? value : (sse_str){NULL, 0};
}

/* see request.h */
int request_accepts_stream(const request *r)
{
    const sse_str first = request_field(r, "Accept");
    sse_str rest = r->fields, value;
    char list[1000];
    size_t len = 0;

    while (request_next_field(&rest, "Accept", &value) && value.len < sizeof list - len) {
        memcpy(list + len, value.ptr, value.len);
        len += value.len;
        list[len++] = ',';
    }
    if (len > first.len + 1)
        return sse_http_accepts(list, len);
    return sse_http_accepts(first.ptr, first.len);
}
