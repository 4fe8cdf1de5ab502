/* SPDX-License-Identifier: MIT */
/* request.h - the head of an HTTP/1 request, as it arrives.
 *
 *     request r = {0};
 *     do
 *         ... receive more into bytes; len is what has come so far
 *     while ((status = request_read(&r, bytes, len, HEAD_MAX, BODY_MAX)) == 0);
 *
 * Two readers on the path of a request must not see different requests in it (RFC 9112, section
 * 11.2). So whatever frames a message is read strictly. Lenient: blank lines before the request,
 * and LF alone as the end of a line.
 *
 * Nothing is allocated or copied. The reader looks at each byte a bounded number of times, however
 * small the pieces are in which a head arrives. */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include <sse/base.h>

#include <stddef.h>

/* The ranges point into the bytes that were read, and are valid after the result 200. */
typedef struct request {
    sse_str method; /* letter case counts */
    sse_str host;   /* the authority of an absolute target, else the Host field; may have a port;
                       absent or empty where the client names none */
    sse_str path;   /* percent-encoded, and begins with "/"; or "*", for OPTIONS */
    sse_str query;  /* without the "?"; absent where there is none */
    sse_str fields; /* for request_field and request_next_field */
    size_t len;     /* bytes of the head; the body follows */
    size_t body_len;
    int has_body; /* there is a Content-Length, perhaps of 0 */
    int minor;    /* HTTP/1.minor */
    int close;    /* the client wants the connection to end after the answer */
    int expects;  /* the client waits for 100 before it sends the body */
    size_t begin_, seen_;
    int begun_;
} request;

/* Read the head of the next request.
 *
 *   r          all zero for a new request; afterwards as the last call has left it
 *   bytes      everything of this request that has arrived, len bytes; may have moved
 *   head_max   the most bytes of a head
 *   body_max   the most bytes of a body
 *
 * Returns 200 where the head is complete and sound; 0 where more must arrive; otherwise the status
 * with which to refuse it, and the connection cannot go on:
 *   400   it is malformed: the request line, a field, no Host or two, a length and a coding, ...
 *   411   the body is chunked: only a Content-Length will do
 *   413   the body is longer than body_max
 *   431   the head is longer than head_max
 *   501   the body has a transfer coding other than chunked
 *   505   this is not HTTP/1 */
int request_read(request *r, const char *bytes, size_t len, size_t head_max, size_t body_max);

/* Return the value of the first field with this name, in any letter case, without the blanks
 * around it; absent where there is none. */
sse_str request_field(const request *r, const char *name);

/* Get the next field with this name.
 *
 *   rest    at first r->fields; afterwards as the last call has left it
 *   value   out: its value
 *
 * Returns 1, or 0 where there is no other one. */
int request_next_field(sse_str *rest, const char *name, sse_str *value);

/* Returns 1 where the client accepts a stream of events. Several Accept fields are one list, of
 * which the first 1,000 bytes count. */
int request_accepts_stream(const request *r);

#endif
