/* SPDX-License-Identifier: MIT */
/* web.h - what the servers of protocols/ and pages/ share: libmicrohttpd in one thread, requests
 * that are whole, streams of channels, and timers. Copy it, or put your own server in its place.
 *
 *     request --> web_handler --> web_reply                   JSON, a page, a refusal
 *                            '--> web_stream --> channel      a stream of its events
 *     timer, line of input --> sse_channel_publish --> every stream of the channel
 *
 * There is no lock: everything is called by web_run. */
#ifndef SERVE_WEB_H
#define SERVE_WEB_H

#include <sse/sse.h>

enum {
    WEB_BODY_MAX = 1 << 20, /* the most bytes of a request body; a longer one gets 413 */
    WEB_QUEUE = 16384       /* the queue of a stream */
};

/* A request with its whole body. Each range ends in NUL; the query is as it came, without "?".
 * Absent: NULL. */
typedef struct web_request {
    sse_str method, path, query, body;
} web_request;

/* The value of a field, in any letter case of its name; absent where there is none. Valid until the
 * handler returns. Blanks that end it do not count, but NUL comes after them. */
sse_str web_field(const web_request *r, const char *name);

/* Called with each request. It answers once, by web_reply, web_refuse or web_stream, before it
 * returns; otherwise the client gets 500. OPTIONS is answered before. */
typedef void web_handler(const web_request *r);

/* Called with each line of standard input, without its end. A line of more than 64 KiB comes in
 * parts, none of which ends inside a character. */
typedef void web_line(const char *text, size_t len);

/* Serve at a port of the loopback, "0" for any, and print the address, until SIGINT or SIGTERM.
 *
 *   origin   whose pages may read the answers: "*", one origin, or NULL: no others
 *   headers  that they may send: "authorization, content-type"; NULL: none but the usual ones
 *   line     NULL: standard input is not read. Its end ends nothing
 *
 * Returns the exit code of the program, which has printed what is wrong. */
int web_run(const char *port, const char *origin, const char *headers, web_handler *handler,
            web_line *line);

/* Answer with a text.
 *
 *   type         its media type; NULL: there is no content
 *   extra        further fields, extra_count of them; their values end in NUL */
void web_reply(const web_request *r, int status, const char *type, const void *text, size_t len,
               const sse_http_field *extra, size_t extra_count);

/* Answer without content, with the fields that go with the status: 204, or a refusal, see
 * sse_http_answer. */
void web_refuse(const web_request *r, int status);

/* Answer with a stream of a channel; to HEAD, with its head. A silent one stays open. One whose
 * client takes nothing for a minute ends, as does any other connection on which nothing moves.
 *
 *   answer   its head; version, origin and status are set here
 *   flags    enum sse_join_flag
 *   id       where the client goes on; absent: what Last-Event-ID or the query say
 *   left     called when the connection is gone, or the stream has ended; NULL: nobody is told
 *
 * Returns the subscriber, for a filter, limits, or events of its own; NULL: it was refused, with
 * 412 where events are missing for SSE_JOIN_PLAIN, else 503. */
sse_subscriber *web_stream(const web_request *r, sse_channel *ch, const sse_http_answer *answer,
                           uint32_t flags, sse_str id, void (*left)(void *user), void *user);

/* Call dry, with the user of left, each time before a stream waits, since its client has taken all
 * that there is. What dry sends is taken at once. */
void web_when_dry(sse_subscriber *s, void (*dry)(void *user));

/* Make a channel with a history of its own.
 *
 *   name           for automatic ids, which begin with a hash of it and of the time; NULL: its
 *                  events have the ids that they are published with, if any
 *   events         what the history holds, and in how many bytes
 *   heartbeat_ms   0: none
 *
 * Returns NULL where there is no memory. */
sse_channel *web_channel(const char *name, uint32_t events, size_t bytes, uint32_t heartbeat_ms);

/* End the streams that a channel has now, each when it has had all so far. Clients may return. */
void web_cut(sse_channel *ch);

/* No event will follow. Each stream, and each that joins from now on, ends when it has had all. */
void web_finish(sse_channel *ch);

/* Finish a channel, and free it after its last stream: it may not be used any more. */
void web_free(sse_channel *ch);

/* Return how many streams a channel has. */
size_t web_count(const sse_channel *ch);

/* Return whether a channel still has all the events that it was given. */
int web_whole(const sse_channel *ch);

/* Return whether an id is from this channel; an automatic one may be of an event that is gone. */
int web_knows(const sse_channel *ch, sse_str id);

/* A timer; all zero, except run and user, before it is first set. */
typedef struct web_timer {
    void (*run)(void *user);
    void *user;
    uint64_t due_ms_;
    struct web_timer *next_;
} web_timer;

/* Run it once, after ms milliseconds; set again, its time moves. Stop it; that may be too often. */
void web_after(web_timer *t, uint32_t ms);
void web_stop(web_timer *t);

#endif
