/* SPDX-License-Identifier: MIT */
/* http1.h - one request over HTTP/1, for servers of this folder that are only sockets.
 *
 *                   http1_receive            http1_receive
 *     http1_open --> ASKING -----> ANSWERED: send c->answer, then close
 *                      |
 *                      '---------> STREAM: send what c->stream.subscriber gives; what the client
 *                                  sends now has no meaning, but its end is the end
 *
 * The answer always ends the connection. Hold app_lock for all of it. */
#ifndef HTTP1_H
#define HTTP1_H

#include "../serve/request.h"
#include "app.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HTTP1_HEAD_MAX = 8192, HTTP1_ASK_MS = 5000 };

enum http1_state { HTTP1_ASKING, HTTP1_ANSWERED, HTTP1_STREAM };

typedef struct http1 {
    app_stream stream;
    const char *answer; /* at most 4 KiB: an empty socket takes it at once */
    size_t answer_len;
    enum http1_state state;
    uint64_t until_ms_;
    struct http1 *next_, **link_; /* of those that still ask, the oldest first */
    request request_;
    size_t len_;
    char in_[HTTP1_HEAD_MAX + APP_BODY_MAX], out_[4096];
} http1;

/* Begin with a new connection; close it when the server lets go of it, in any state. */
void http1_open(http1 *c);
void http1_close(http1 *c);

/* Take bytes that a client has sent. user: for sse_subscriber_user. Returns the state of c. */
enum http1_state http1_receive(http1 *c, void *user, const void *bytes, size_t len);

/* Return a connection whose request has not come in time: close it; NULL: there is none. */
http1 *http1_late(void);

/* As app_timeout, for http1_late, too. */
int http1_timeout(void);

/* Listen at a port of the loopback, and print the address, which begins with the scheme. Returns a
 * socket that does not block; ends the program where that fails. */
int http1_listen(const char *scheme, const char *port);

#ifdef __cplusplus
}
#endif

#endif
