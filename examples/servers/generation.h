/* SPDX-License-Identifier: MIT */
/* generation.h - text that a model generates, token by token, and that outlives its connection. It
 * knows nothing of sockets, and little of models: copy it, and replace both.
 *
 *     POST   /generations       the body is the prompt: start a generation, and stream it. The field
 *                               Location names it, before there is a token
 *     GET    /generations/ID    stream it, while it goes on or when it is over: from its start, or
 *                               after the event that Last-Event-ID names
 *     DELETE /generations/ID    cancel it
 *
 *     model --> generation_emit --> | history | --> generation_read --> the stream of POST
 *     on a thread of its own        one for each    generation_read --> a stream of GET, ...
 *
 *     // in a page, which comes back by itself where the line is cut:
 *     const answer = await fetch('/generations', {method: 'POST', body: 'Tell me a story.'})
 *     answer.body.cancel()
 *     new EventSource(answer.headers.get('Location')).onmessage = event => ...
 *
 * Events are what clients of OpenAI's interface read: chunks in JSON, the last one with a reason
 * ("stop", "length", "cancelled") or an error, and then [DONE]. Each has an id. Nothing else comes
 * but lines of ":" while the model is silent: no place, no gap, and no blank line without data,
 * since some SDKs take that for an event once there was an id, and fail.
 *
 * Nothing is lost. A generation ends, with the reason "length", before its history is full, and a
 * client that reads slowly costs the model no time. An id of another generation gets 400, and after
 * the last event there is 204, at which an EventSource stops.
 *
 * A client that accepts no stream, but JSON, gets the text: POST answers when it is whole, GET at
 * once with what there is. The SDKs of OpenAI ask for JSON also where they want a stream: let them
 * send "Accept: text/event-stream".
 *
 * Anybody may ask here, from any page. Who may start a generation is for you to say, before
 * generation_answer. A client that knows the id of one can read and cancel it; nobody can guess it. */
#ifndef GENERATION_H
#define GENERATION_H

#include <sse/sse.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GENERATION_PROMPT_MAX = 32768, /* the most bytes of a body that a server has to take */
    GENERATION_READERS = 48        /* the most at a time; a server has more threads than that */
};

/* The model's side. A model runs on a thread of its own: it returns 0 where its text is complete,
 * else it has failed. The prompt is UTF-8, and ends in NUL. */
typedef struct generation generation;
typedef int generation_model(generation *g, const char *prompt, size_t len);

/* Add bytes to the text. They may end inside a character: the rest is held until it comes. Returns
 * 0, or 1 if the generation is over, canceled or at its limit: the model is to return. */
int generation_emit(generation *g, const char *bytes, size_t len);

/* Wait, up to ms milliseconds; 0: only ask. Returns as generation_emit. Ask also while the model
 * reads a long prompt. */
int generation_wait(generation *g, uint32_t ms);

/* Start; call it before there is any other thread. The environment can set
 *
 *     GENERATION_MAX            8   the most that run at a time; one more gets 429
 *     GENERATION_KEEP_MS   300000   how long one is kept after its end; for less if there is no room
 *     GENERATION_ALONE_MS       0   how long one goes on that nobody reads; 0: to its end
 *     GENERATION_BEAT_MS    15000   how long a line is silent */
void generation_start(const char *name, generation_model *model);

/* Cancel all. Returns when all models have returned and all readers have left, at the latest after
 * two seconds. From now on requests get 503. */
void generation_end(void);

/* A request. What a client has not sent is absent: NULL with length 0. */
typedef struct generation_request {
    sse_str method, path, query; /* the query without "?", as it came */
    sse_str accept, last_event_id;
    sse_str body;
} generation_request;

/* The status and the fields of an answer. Each name and value ends in NUL. */
typedef struct generation_reply {
    int status;
    sse_http_field fields[SSE_HTTP_FIELDS_MAX + 3];
    size_t count;
    sse_http_field extra_[3];
    char scratch_[SSE_HTTP_SCRATCH], location_[64];
} generation_reply;

/* Answer a request. Returns the reader of the content, whose length is not known; NULL: there is no
 * content. */
typedef struct generation_reader generation_reader;
generation_reader *generation_answer(const generation_request *request, generation_reply *reply);

/* Wait for content, and copy it. Returns SSE_OK; SSE_END; or SSE_AGAIN after half a second without
 * any: look whether the client is still there, and call again. */
int generation_read(generation_reader *r, void *dst, size_t cap, size_t *len);

/* Let go of a reader; NULL is fine. The generation goes on. */
void generation_leave(generation_reader *r);

/* What generation_answer is made of, for another interface. They return the status of an HTTP
 * answer; where it is 200 there is a reader. */
enum generation_kind {
    GENERATION_STREAM, /* events */
    GENERATION_WHOLE,  /* JSON, when the text is complete */
    GENERATION_SO_FAR  /* JSON, at once */
};
int generation_begin(const char *prompt, size_t len, enum generation_kind kind,
                     generation_reader **reader);
int generation_join(sse_str id, enum generation_kind kind, sse_str last_event_id, sse_str query,
                    generation_reader **reader);
int generation_cancel(sse_str id);
const char *generation_id(const generation_reader *r);

/* A model for tests: it repeats the prompt in pieces of 1 to 5 bytes, and fails where that says
 * "[fail]". DEMO_PREFILL_MS is how long it is silent first, DEMO_TOKEN_MS the time of a token. */
int generation_demo(generation *g, const char *prompt, size_t len);

#ifdef __cplusplus
}
#endif

#endif
