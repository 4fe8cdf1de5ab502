/* SPDX-License-Identifier: MIT */
/* tokens.c - tokens as they come, in the answer to a POST: the stream that AI clients read.
 *
 *     cc tokens.c -lsse -levent -o tokens
 *     ./tokens [port [token_ms [file]]]       8080 60 examples/tokens.txt; port 0: any
 *     curl -N -d lamp -H 'Accept: text/event-stream' http://127.0.0.1:8080/v1/tokens
 *     curl -d lamp http://127.0.0.1:8080/v1/tokens           the same, as plain text at once
 *
 * The answer is the text of the file from where the prompt first occurs, or from the top. An event
 * is a word and the blank after it, exactly; the last one is of type "done", and is the text once
 * more. It may be longer than the queue, and so it is appended in pieces. Clients read this with
 * fetch, since EventSource cannot POST, and fetch does not reconnect: so there are no ids.
 *
 * The face: read a bounded amount, refill when it has drained. evhttp has a buffer of its own that
 * takes all it is given, so one slow client could fill the memory. It gets one offer at a time;
 * what comes meanwhile waits in the writer, and when that is full, too, the source of tokens waits.
 */
#define _POSIX_C_SOURCE 200809L
#include <sse/sse.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 64, PROMPT_MAX = 4096 };
enum { PATIENCE_S = 30 }; /* where no byte moves for so long, evhttp hangs up */

static char text[1 << 20];     /* the most that is read of the file, and a NUL */
static struct timeval pace;    /* the time between tokens */
static struct evbuffer *chunk; /* empty between calls */

struct stream {
    struct evhttp_request *req;
    struct event *timer;
    sse_writer *w;
    const char *rest;  /* of the text */
    const char *whole; /* the same for the last event */
    size_t left;       /* bytes of it */
    int last;          /* the last event is open */
    int in_flight;     /* evhttp has bytes of it to send */
    int waiting;       /* for room in the writer */
    size_t memory[SSE_WRITER_WORDS(1024)];
};

/* How long the next token is; 0 at the end. A very long word is cut, but not inside a character. */
static size_t token(const char *at)
{
    const size_t len = strcspn(at, " \n");

    if (len > TOKEN_MAX)
        return sse_utf8_whole(at, TOKEN_MAX);
    return at[len] == '\0' ? len : len + 1;
}

static void forget(struct stream *s)
{
    event_free(s->timer);
    free(s);
}

/* The client has left, and evhttp has let go of the request; or the server is ending, and evhttp
 * frees the request. */
static void gone(struct evhttp_connection *c, void *arg)
{
    struct stream *s = arg;

    (void)c;
    if (evhttp_request_get_connection(s->req) == NULL)
        evhttp_request_free(s->req);
    forget(s);
}

static void tick(evutil_socket_t fd, short what, void *arg);

/* evhttp has sent all that it was given: give it the next offer, of which it makes a copy. */
static void refill(struct evhttp_connection *c, void *arg)
{
    struct stream *s = arg;
    const void *bytes;
    size_t len;
    int status = sse_writer_peek(s->w, &bytes, &len);

    (void)c;
    s->in_flight = status == SSE_OK && evbuffer_add(chunk, bytes, len) == 0 &&
                   sse_writer_consume(s->w, len) == SSE_OK;
    if (s->in_flight) {
        evhttp_send_reply_chunk_with_cb(s->req, chunk, refill, s);
        if (s->waiting)
            tick(-1, 0, s);
    } else if (status != SSE_AGAIN) {
        evhttp_connection_set_closecb(evhttp_request_get_connection(s->req), NULL, NULL);
        evhttp_send_reply_end(s->req);
        forget(s);
    }
}

/* Queue what fits of the last event; SSE_OK: that is all of it. */
static int put_last(struct stream *s)
{
    size_t taken;
    int status = s->last ? SSE_OK : sse_writer_begin_parts(s->w, "done", 4, NULL, 0);

    if (status == SSE_OK) {
        s->last = 1;
        status = sse_writer_append(s->w, s->whole, s->left, &taken);
        s->whole += taken;
        s->left -= taken;
    }
    return status == SSE_OK ? sse_writer_finish(s->w) : status;
}

/* The next token has come. */
static void tick(evutil_socket_t fd, short what, void *arg)
{
    struct stream *s = arg;
    const size_t len = token(s->rest);
    const int status =
        len > 0 ? sse_writer_send_parts(s->w, NULL, 0, NULL, 0, s->rest, len) : put_last(s);

    (void)fd, (void)what;
    s->waiting = status == SSE_AGAIN;
    if (status == SSE_OK && len > 0) {
        s->rest += len;
        evtimer_add(s->timer, &pace);
    } else if (!s->waiting) {
        sse_writer_close(s->w);
    }
    if (!s->in_flight)
        refill(NULL, s);
}

/* Answer without content, or with a stream: give evhttp the fields. */
static void add_fields(struct evhttp_request *req, const sse_http_answer *a)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(req);
    sse_http_field fields[SSE_HTTP_FIELDS_MAX + 1];
    char scratch[SSE_HTTP_SCRATCH];
    size_t count, i;

    if (sse_http_fields(a, fields, SSE_HTTP_FIELDS_MAX + 1, scratch, &count) == SSE_OK)
        for (i = 0; i < count; i++) /* they end in NUL, and so do ours */
            evhttp_add_header(out, fields[i].name.ptr, fields[i].value.ptr);
}

static void refuse(struct evhttp_request *req, int status)
{
    const sse_http_answer a = {.status = status, .methods = SSE_LIT("POST")};

    add_fields(req, &a);
    evhttp_send_reply(req, status, NULL, NULL);
}

/* The answer depends on what the client accepts: a cache must know. */
static const sse_http_field vary = {SSE_STR_INIT("Vary"), SSE_STR_INIT("Accept")};

static void start(struct evhttp_request *req, const char *from, struct event_base *base)
{
    struct stream *s = calloc(1, sizeof *s);
    struct evhttp_connection *c = evhttp_request_get_connection(req);
    const sse_http_answer a = {.extra = &vary, .extra_count = 1}; /* evhttp has the connection */

    if (s == NULL || (s->timer = evtimer_new(base, tick, s)) == NULL) {
        free(s);
        refuse(req, 503);
        return;
    }
    s->req = req;
    s->rest = s->whole = from;
    s->left = strlen(from);
    s->w = sse_writer_init(s->memory, sizeof s->memory, 0);
    add_fields(req, &a);
    evhttp_connection_set_closecb(c, gone, s);
    /* While it answers, evhttp goes on reading, to notice a client that leaves: bound that, too. */
    bufferevent_setwatermark(evhttp_connection_get_bufferevent(c), EV_READ, 0, PROMPT_MAX);
    evhttp_send_reply_start(req, 200, "OK");
    tick(-1, 0, s);
}

/* Where in the text a prompt occurs, else the top of the text; NULL for an empty prompt. */
static const char *find(struct evbuffer *prompt)
{
    char words[128] = "";
    const char *at;

    if (evbuffer_copyout(prompt, words, sizeof words - 1) <= 0)
        return NULL;
    at = strstr(text, words);
    return at ? at : text;
}

static void answer_plainly(struct evhttp_request *req, const char *from)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(req);

    evhttp_add_header(out, vary.name.ptr, vary.value.ptr);
    evhttp_add_header(out, "Content-Type", "text/plain; charset=utf-8");
    evbuffer_add(evhttp_request_get_output_buffer(req), from, strlen(from));
    evhttp_send_reply(req, 200, "OK", NULL);
}

/* One route, two answers. */
static void answer(struct evhttp_request *req, void *base)
{
    const char *accept = evhttp_find_header(evhttp_request_get_input_headers(req), "Accept");
    const size_t len = accept ? strlen(accept) : 0;
    const char *from = find(evhttp_request_get_input_buffer(req));

    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST)
        refuse(req, 405);
    else if (from == NULL)
        refuse(req, 400);
    else if (sse_http_prefers(accept, len, "text/plain", 10))
        start(req, from, base);
    else if (sse_http_accepts_type(accept, len, "text/plain", 10))
        answer_plainly(req, from);
    else
        refuse(req, 406);
}

static void stop(evutil_socket_t sig, short what, void *base)
{
    (void)sig, (void)what;
    event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 8080;
    long token_ms = argc > 2 ? strtol(argv[2], NULL, 10) : 60;
    FILE *file = fopen(argc > 3 ? argv[3] : "examples/tokens.txt", "r");
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    struct event *interrupt = evsignal_new(base, SIGINT, stop, base);
    struct event *terminate = evsignal_new(base, SIGTERM, stop, base);
    struct evhttp_bound_socket *bound;
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    int status = 1;

    chunk = evbuffer_new();
    pace.tv_sec = token_ms / 1000;
    pace.tv_usec = token_ms % 1000 * 1000;
    if (file == NULL || (fread(text, 1, sizeof text - 1, file) == 0 && ferror(file))) {
        fprintf(stderr, "tokens: there is no such text to read\n");
    } else if (!(bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", (ev_uint16_t)port)) ||
               getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &size) != 0) {
        perror("tokens");
    } else {
        signal(SIGPIPE, SIG_IGN);
        event_add(interrupt, NULL);
        event_add(terminate, NULL);
        evhttp_set_cb(http, "/v1/tokens", answer, base);
        evhttp_set_max_body_size(http, PROMPT_MAX);
        evhttp_set_timeout(http, PATIENCE_S);
        printf("http://127.0.0.1:%u/v1/tokens\n", (unsigned)ntohs(at.sin_port));
        fflush(stdout);
        status = event_base_dispatch(base) == -1;
    }
    if (file)
        fclose(file);
    evhttp_free(http);
    evbuffer_free(chunk);
    event_free(interrupt);
    event_free(terminate);
    event_base_free(base);
    return status;
}
