/* SPDX-License-Identifier: MIT */
/* progress.c - one route, two answers: the result of a job, or its progress as a stream.
 *
 *     cc progress.c -lsse -lmicrohttpd -o progress
 *     ./progress [port [step_ms]]                       8080 500; port 0: any
 *     curl http://127.0.0.1:8080/job                    the result, as JSON
 *     curl -N -H 'Accept: text/event-stream' -H 'Last-Event-ID: 3' http://127.0.0.1:8080/job
 *     a browser at http://127.0.0.1:8080/               a progress bar
 *
 * The face: pull. libmicrohttpd calls a reader with a buffer to fill, and sse_writer_read fills it.
 * Each connection has a thread, so where there is nothing to read the reader does the next step of
 * the job, and may take its time. With one thread for all it would suspend the connection instead.
 *
 * The job adds up 1 to 10, slowly. What it has come to follows from the number of the step, so a
 * client that reconnects goes on where it was, and no state outlives a connection. EventSource
 * reconnects at the end of any stream; once it has had the last event, 204 tells it to stop.
 * A client that left is noticed at the next step. */
#define _POSIX_C_SOURCE 200809L
#include <sse/sse.h>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS = 10 };

static char page[] =
    "<!doctype html><title>progress</title><progress id=bar max=10 value=0></progress>\n"
    "<script>\n"
    "const job = new EventSource('/job')\n"
    "job.addEventListener('progress', e => bar.value = e.lastEventId)\n"
    "job.addEventListener('done', e => { job.close(); bar.replaceWith(e.data) })\n"
    "</script>\n";

static struct timespec pace; /* the time that a step takes */

struct watcher {
    sse_writer *w;
    int step; /* the last one that was sent */
    size_t memory[SSE_WRITER_WORDS(512)];
};

/* What the job has come to after a step. */
static size_t report(int step, char *json, size_t cap)
{
    return (size_t)snprintf(json, cap, "{\"step\":%d,\"of\":%d,\"sum\":%d}", step, STEPS,
                            step * (step + 1) / 2);
}

/* Do one step and queue its event. */
static int advance(struct watcher *s)
{
    char id[12], json[64];
    sse_event ev = {.id = {id, 0}, .type = SSE_LIT("progress"), .data = {json, 0}};
    int status;

    nanosleep(&pace, NULL); /* this is the work; no signal handler can cut it short */
    if (++s->step == STEPS)
        ev.type = SSE_LIT("done");
    ev.id.len = (size_t)snprintf(id, sizeof id, "%d", s->step);
    ev.data.len = report(s->step, json, sizeof json);
    status = sse_writer_send(s->w, &ev);
    return status == SSE_OK && s->step == STEPS ? sse_writer_close(s->w) : status;
}

/* The reader. It never returns 0: libmicrohttpd would ask again at once, and spin. */
static ssize_t pull(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct watcher *s = cls;
    size_t len;
    int status;

    (void)pos;
    while ((status = sse_writer_read(s->w, buf, max, &len)) == SSE_AGAIN)
        if (advance(s) != SSE_OK)
            return MHD_CONTENT_READER_END_WITH_ERROR;
    if (status == SSE_OK)
        return (ssize_t)len;
    return status == SSE_END ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Queue an answer of the library, and let go of it. */
static enum MHD_Result reply(struct MHD_Connection *c, const sse_http_answer *a,
                             struct MHD_Response *r)
{
    sse_http_field fields[SSE_HTTP_FIELDS_MAX + 1];
    char scratch[SSE_HTTP_SCRATCH];
    size_t count, i;
    enum MHD_Result result = MHD_NO;

    if (r && sse_http_fields(a, fields, SSE_HTTP_FIELDS_MAX + 1, scratch, &count) == SSE_OK) {
        for (i = 0; i < count; i++) /* they end in NUL, and so do ours */
            MHD_add_response_header(r, fields[i].name.ptr, fields[i].value.ptr);
        result = MHD_queue_response(c, (unsigned)a->status, r);
    }
    if (r)
        MHD_destroy_response(r);
    return result;
}

/* Queue an answer of another kind, and let go of it. */
static enum MHD_Result reply_with(struct MHD_Connection *c, const char *type,
                                  struct MHD_Response *r)
{
    enum MHD_Result result = MHD_NO;

    if (r && MHD_add_response_header(r, "Content-Type", type) == MHD_YES &&
        MHD_add_response_header(r, "Vary", "Accept") == MHD_YES)
        result = MHD_queue_response(c, MHD_HTTP_OK, r);
    if (r)
        MHD_destroy_response(r);
    return result;
}

static struct MHD_Response *body(char *text, size_t len)
{
    return MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *stream(int step)
{
    struct watcher *s = malloc(sizeof *s);
    struct MHD_Response *r = NULL;

    if (s) {
        *s = (struct watcher){.step = step};
        s->w = sse_writer_init(s->memory, sizeof s->memory, 0); /* libmicrohttpd makes the chunks */
        sse_writer_retry(s->w, 1000); /* the first bytes: Firefox waits for some */
        r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, pull, s, free);
    }
    if (r == NULL)
        free(s);
    return r;
}

/* The step to go on after; 0, the beginning, also for an id that is none of ours: that client gets
 * more than it asked for and loses nothing. */
static int resume(const char *header)
{
    char id[4] = "", *end;
    size_t len;
    long step = 0;

    if (sse_http_last_event_id(header, header ? strlen(header) : 0, NULL, 0, id, sizeof id - 1,
                               &len) == SSE_OK)
        step = strtol(id, &end, 10);
    return step > 0 && step <= STEPS && *end == '\0' ? (int)step : 0;
}

static enum MHD_Result job(struct MHD_Connection *c)
{
    const sse_http_field vary = {SSE_LIT("Vary"), SSE_LIT("Accept")};
    const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept");
    size_t accept_len = accept ? strlen(accept) : 0;
    int step = resume(MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Last-Event-ID"));
    sse_http_answer answer = {
        .status = step == STEPS ? 204 : 200, .extra = &vary, .extra_count = 1};
    char json[64];

    if (sse_http_prefers(accept, accept_len, "application/json", 16))
        return reply(c, &answer, step == STEPS ? body(page, 0) : stream(step));
    if (sse_http_accepts_type(accept, accept_len, "application/json", 16))
        return reply_with(c, "application/json", body(json, report(STEPS, json, sizeof json)));
    answer.status = 406;
    return reply(c, &answer, body(page, 0));
}

static enum MHD_Result route(void *cls, struct MHD_Connection *c, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    sse_http_answer refusal = {.status = 404, .methods = SSE_LIT("GET")};

    (void)cls, (void)version, (void)upload, (void)upload_size, (void)state;
    if (strcmp(method, "GET") != 0)
        refusal.status = 405;
    else if (strcmp(url, "/job") == 0)
        return job(c);
    else if (strcmp(url, "/") == 0)
        return reply_with(c, "text/html", body(page, sizeof page - 1));
    return reply(c, &refusal, body(page, 0));
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    long step_ms = argc > 2 ? strtol(argv[2], NULL, 10) : 500;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_AUTO_INTERNAL_THREAD;
    struct MHD_Daemon *server;
    sigset_t end;
    int sig;

    at.sin_port = htons((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 8080));
    pace.tv_sec = step_ms / 1000;
    pace.tv_nsec = step_ms % 1000 * 1000000;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&end);
    sigaddset(&end, SIGINT);
    sigaddset(&end, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &end, NULL); /* for all the threads to come */
    server = MHD_start_daemon(flags, 0, NULL, NULL, route, NULL, MHD_OPTION_SOCK_ADDR, &at,
                              MHD_OPTION_CONNECTION_LIMIT, 64u, MHD_OPTION_CONNECTION_TIMEOUT, 30u,
                              MHD_OPTION_END);
    if (server == NULL) {
        perror("progress");
        return 1;
    }
    printf("http://127.0.0.1:%u/\n",
           (unsigned)MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&end, &sig);
    MHD_stop_daemon(server);
    return 0;
}
