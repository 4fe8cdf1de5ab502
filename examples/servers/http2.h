/* SPDX-License-Identifier: MIT */
/* http2.h - the requests of a connection over HTTP/2, for servers over libnghttp2.
 *
 *     http2_open
 *     bytes have come:                  http2_receive --> app_answer, for each request
 *     they have, or there is more:      nghttp2_session_send --> send
 *     http2_close
 *
 * Hold app_lock for all of it. */
#ifndef HTTP2_H
#define HTTP2_H

#include "app.h"

#include <nghttp2/nghttp2.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HTTP2_HEAD_MAX = 8192, HTTP2_STREAMS = 100, HTTP2_IDLE_S = 30 };

typedef struct http2 {
    nghttp2_session *session;
    nghttp2_data_source_read_callback read_;
    struct http2_stream *streams_;
    time_t heard_;
} http2;

/* One request, and its answer; what sse_subscriber_user gives for a stream of events. */
typedef struct http2_stream {
    app_stream stream;
    http2 *connection;
    int32_t id;
    struct http2_stream *next_;
    app_request request_;
    app_reply reply_;
    size_t head_len_;
    char head_[HTTP2_HEAD_MAX], body_[APP_BODY_MAX];
} http2_stream;

/* Begin with a new connection.
 *
 *   send   sends bytes; its user is h
 *   read   reads the bytes of a stream of events; its source is the http2_stream
 *
 * Returns 0, or an error of nghttp2. Close h in either case. */
int http2_open(http2 *h, nghttp2_send_callback send, nghttp2_data_source_read_callback read);
void http2_close(http2 *h);

/* Take bytes that a client has sent. Returns 0; an error: the connection is over. */
int http2_receive(http2 *h, const void *bytes, size_t len);

/* Return 1 where nothing more will come or go, or nothing has come for a time. */
int http2_has_ended(const http2 *h);

#ifdef __cplusplus
}
#endif

#endif
