/* SPDX-License-Identifier: MIT */
/* request.h - the head of an HTTP/1 request, read strictly. */
#ifndef SSECAT_REQUEST_H
#define SSECAT_REQUEST_H

#include <sse/sse.h>

enum method { GET, HEAD, OPTIONS };

/* The ranges point into the bytes that were read. */
typedef struct request {
    enum method method;
    int minor;     /* HTTP/1.minor */
    sse_str path;  /* of the target, as it came */
    sse_str query; /* after the "?"; absent without one */
    int accepts;   /* whether there was an Accept field: */
    char accept[512];
    sse_str last_id;   /* of the Last-Event-ID field; absent without one */
    size_t accept_len; /* several of them are joined, as RFC 9110 has it */
} request;

/* Read a head from its first len bytes. Returns 0 when more are needed, 200 when it is complete and
 * well-formed, else the status to answer: 400, 405, 431 or 505. */
int request_read(request *r, const char *bytes, size_t len);

#endif
