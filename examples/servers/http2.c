/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "http2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* nghttp2 does not call back for the streams that are open when their session ends. Hence a list. */
static void forget(http2_stream *s)
{
    http2_stream **at = &s->connection->streams_;

    while (*at != s)
        at = &(*at)->next_;
    *at = s->next_;
    sse_subscriber_leave(&s->stream.subscriber);
    free(s);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
    http2_stream *const s = nghttp2_session_get_stream_user_data(session, id);

    (void)error, (void)user;
    if (s)
        forget(s);
    return 0;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    http2 *const h = user;
    http2_stream *s;

    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    s->connection = h;
    s->id = frame->hd.stream_id;
    s->next_ = h->streams_;
    h->streams_ = s;
    return nghttp2_session_set_stream_user_data(session, s->id, s);
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                    size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *user)
{
    static const char *const names[] = {":method", ":path", "accept", "last-event-id"};
    http2_stream *const s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    app_request *const r = &s->request_;
    sse_str *const to[] = {&r->method, &r->path, &r->accept, &r->last_event_id};
    size_t i;

    (void)flags, (void)user;
    for (i = 0; i < sizeof to / sizeof to[0]; i++)
        if (name_len == strlen(names[i]) && memcmp(name, names[i], name_len) == 0) {
            if (len > sizeof s->head_ - s->head_len_)
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
            *to[i] = (sse_str){memcpy(s->head_ + s->head_len_, value, len), len};
            s->head_len_ += len;
        }
    return 0;
}

static int on_body(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t len, void *user)
{
    http2_stream *const s = nghttp2_session_get_stream_user_data(session, id);
    sse_str *const body = &s->request_.body;

    (void)flags, (void)user;
    if (len > sizeof s->body_ - body->len)
        return nghttp2_submit_rst_stream(session, 0, id, NGHTTP2_CANCEL);
    memcpy(s->body_ + body->len, bytes, len);
    *body = (sse_str){s->body_, body->len + len};
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
    sse_str *const body = &((http2_stream *)source->ptr)->reply_.body;
    const size_t len = room < body->len ? room : body->len;

    (void)session, (void)id, (void)user;
    memcpy(to, body->ptr, len);
    *body = (sse_str){body->ptr + len, body->len - len};
    if (body->len == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

/* nghttp2 makes a copy of a field, and yet wants what is not const. */
static uint8_t *put(nghttp2_nv *field, uint8_t *at, sse_str name, sse_str value)
{
    *field = (nghttp2_nv){at, at + name.len, name.len, value.len, 0};
    memcpy(at, name.ptr, name.len);
    memcpy(at + name.len, value.ptr, value.len);
    return at + name.len + value.len;
}

static int answer(http2 *h, http2_stream *s)
{
    const app_reply *const reply = &s->reply_;
    sse_str *const path = &s->request_.path;
    const char *const mark = path->len > 0 ? memchr(path->ptr, '?', path->len) : NULL;
    const int is_head =
        s->request_.method.len == 4 && memcmp(s->request_.method.ptr, "HEAD", 4) == 0;
    nghttp2_data_provider content = {{.ptr = s}, read_body};
    nghttp2_nv fields[1 + SSE_HTTP_FIELDS_MAX];
    uint8_t text[1024], *at;
    char status[16];
    int has_content;
    size_t i;

    if (mark) {
        s->request_.query = (sse_str){mark + 1, path->len - (size_t)(mark + 1 - path->ptr)};
        path->len = (size_t)(mark - path->ptr);
    }
    app_answer(&s->stream, s, &s->request_, &s->reply_);
    if (reply->is_stream)
        content.read_callback = h->read_;
    has_content = reply->is_stream || (reply->body.len > 0 && !is_head);
    snprintf(status, sizeof status, "%d", reply->status);
    at = put(&fields[0], text, SSE_LIT(":status"), (sse_str){status, 3});
    for (i = 0; i < reply->count; i++)
        at = put(&fields[1 + i], at, reply->fields[i].name, reply->fields[i].value);
    return nghttp2_submit_response(h->session, s->id, fields, 1 + reply->count,
                                   has_content ? &content : NULL);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    http2_stream *const s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (s == NULL || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
        (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    return answer(user, s);
}

int http2_open(http2 *h, nghttp2_send_callback send, nghttp2_data_source_read_callback read)
{
    static const nghttp2_settings_entry most = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                                HTTP2_STREAMS};
    nghttp2_session_callbacks *on;
    int error = nghttp2_session_callbacks_new(&on);

    *h = (http2){.read_ = read, .heard_ = time(NULL)};
    if (error != 0)
        return error;
    nghttp2_session_callbacks_set_on_begin_headers_callback(on, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(on, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(on, on_body);
    nghttp2_session_callbacks_set_on_frame_recv_callback(on, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(on, on_close);
    nghttp2_session_callbacks_set_send_callback(on, send);
    error = nghttp2_session_server_new(&h->session, on, h);
    nghttp2_session_callbacks_del(on);
    return error != 0 ? error : nghttp2_submit_settings(h->session, 0, &most, 1);
}

void http2_close(http2 *h)
{
    while (h->streams_)
        forget(h->streams_);
    nghttp2_session_del(h->session);
}

int http2_receive(http2 *h, const void *bytes, size_t len)
{
    const ssize_t n = nghttp2_session_mem_recv(h->session, bytes, len);

    h->heard_ = time(NULL);
    return n < 0 ? (int)n : 0;
}

int http2_has_ended(const http2 *h)
{
    return (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session)) ||
           (h->streams_ == NULL && time(NULL) - h->heard_ > HTTP2_IDLE_S);
}
