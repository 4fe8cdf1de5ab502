/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "access.h"

#include "../serve/text.h"
#include "say.h"

#include <sse/http_request.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char parameter[] = "access_token";

/* What a cookie can carry (RFC 6265, section 4.1.1). */
static int is_token_byte(char c)
{
    return c > ' ' && c < 0x7F && strchr("\",;\\", c) == NULL;
}

/* Read the token from a file, up to the end of its line. Returns NULL, or what is wrong. */
static const char *read_token(access_rules *a, FILE *file)
{
    char text[ACCESS_TOKEN_MAX + 3]; /* with the end of a line, and a byte too much */
    size_t len = fread(text, 1, sizeof text, file), i;

    if (ferror(file))
        return strerror(errno);
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0)
        return "there is no token in it";
    if (len > sizeof a->token)
        return "the token has more than 1024 bytes";
    for (i = 0; i < len; i++)
        if (!is_token_byte(text[i]))
            return "a token is one line of visible ASCII without \" , ; and \\";
    memcpy(a->token, text, len);
    a->token_len = len;
    return NULL;
}

/* The host of an authority: without its port, the brackets of an IPv6 address, and a final dot.
 * Empty where there is none. */
static sse_str host_of(sse_str authority)
{
    const int bracketed = authority.len > 0 && authority.ptr[0] == '[';
    sse_str host;

    if (bracketed)
        text_cut(&authority, '[');
    host = text_cut(&authority, bracketed ? ']' : ':');
    if (bracketed && authority.len > 0 && authority.ptr[0] != ':')
        return (sse_str){"", 0};
    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    return host;
}

static int is_of_loopback(sse_str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;

    if (text_is_name(host, "localhost"))
        return 1;
    if (host.len >= sizeof text)
        return 0;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Whether a list has this host, or star. */
static int has(const table_list *list, sse_str host)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        const sse_str known = host_of((sse_str){list->at[i], strlen(list->at[i])});

        if (known.len > 0 && known.len == host.len &&
            strncasecmp(known.ptr, host.ptr, host.len) == 0)
            return 1;
    }
    return 0;
}

/* Browsers refuse credentials together with the star. */
static int may_have_credentials(const http_options *o)
{
    if (!o->cors_credentials || (o->cors.count > 0 && !has(&o->cors, SSE_LIT("*"))))
        return 1;
    say_error("--cors-credentials needs --cors, and each origin by its name");
    return 0;
}

static int open_token(access_rules *a, const char *path)
{
    FILE *const file = fopen(path, "re");
    const char *const wrong = file ? read_token(a, file) : strerror(errno);

    if (file)
        fclose(file);
    if (wrong)
        say_error("%s: %s", path, wrong);
    return wrong ? -1 : 0;
}

int access_init(access_rules *a, const http_options *o)
{
    memset(a, 0, sizeof *a);
    a->options = o;
    if (!may_have_credentials(o))
        return -1;
    return o->token_file ? open_token(a, o->token_file) : 0;
}

int access_has_host(access_rules *a, const request *r)
{
    const table_list *const hosts = &a->options->host;
    const sse_str host = host_of(r->host);

    if (r->host.len == 0 || (!a->is_local && hosts->count == 0) || has(hosts, SSE_LIT("*")))
        return 1;
    if (is_of_loopback(host) || has(hosts, host) || has(&a->options->bind, host))
        return 1;
    if (!a->refused)
        say_notice("a request for the host %.*s is refused; to serve it, give --host",
                   (int)(host.len < 200 ? host.len : 200), host.ptr);
    a->refused = 1;
    return 0;
}

/* Compare all bytes, whichever of them differs: the time that it takes does not tell how much of a
 * guess is right. */
static int is_token(const access_rules *a, sse_str guess)
{
    volatile unsigned char differ = guess.len != a->token_len;
    size_t i;

    for (i = 0; i < guess.len; i++)
        differ |= (unsigned char)(guess.ptr[i] ^ a->token[i % a->token_len]);
    return !differ;
}

static int is_authorized(const access_rules *a, const request *r)
{
    sse_str value = request_field(r, "Authorization");
    const sse_str scheme = text_cut(&value, ' ');

    return text_is_name(scheme, "Bearer") && is_token(a, text_trim(value));
}

/* The cookie has the name of the program: ssecat-token. */
static int is_cookie(sse_str name)
{
    const size_t len = strlen(say_name);

    return name.len > len && memcmp(name.ptr, say_name, len) == 0 &&
           text_is((sse_str){name.ptr + len, name.len - len}, "-token");
}

static int has_cookie(const access_rules *a, const request *r)
{
    sse_str rest = r->fields, cookies;

    while (request_next_field(&rest, "Cookie", &cookies)) {
        while (cookies.ptr) {
            sse_str value = text_trim(text_cut(&cookies, ';'));

            if (is_cookie(text_cut(&value, '=')) && is_token(a, value))
                return 1;
        }
    }
    return 0;
}

static int has_parameter(const access_rules *a, const request *r)
{
    char text[ACCESS_TOKEN_MAX];
    size_t len;

    return sse_http_query(r->query.ptr, r->query.len, parameter, sizeof parameter - 1, text,
                          sizeof text, &len) == SSE_OK &&
           is_token(a, (sse_str){text, len});
}

int access_has_token(const access_rules *a, const request *r)
{
    return a->token_len == 0 || is_authorized(a, r) || has_cookie(a, r) || has_parameter(a, r);
}

const char *access_origin(const access_rules *a, const request *r)
{
    const table_list *const cors = &a->options->cors;
    const sse_str origin = r ? request_field(r, "Origin") : (sse_str){NULL, 0};
    const char *answer = cors->count > 0 ? cors->at[0] : NULL;
    size_t i;

    for (i = 0; i < cors->count; i++)
        if (strcmp(cors->at[i], "*") == 0 || text_is(origin, cors->at[i]))
            answer = cors->at[i];
    return answer;
}
