/* SPDX-License-Identifier: MIT */
/* cgi.c - a CGI program: each request is a process of its own.
 *
 *     cc cgi.c app.c -lsse -lpthread -o cgi
 *
 * lighttpd.conf:
 *
 *     server.modules += ("mod_rewrite", "mod_cgi")
 *     server.document-root = "/folder/of/the/program"
 *     url.rewrite-once = ("^(/.*)" => "/cgi$1")
 *     cgi.assign = ("/cgi" => "")
 *     server.stream-response-body = 2     # 0: nothing comes; 1: lighttpd's queue has no bound
 *     server.max-write-idle = 30          # for a client that does not read
 *     server.max-request-size = 32
 *
 * The face: a sink. A file has a history, which all processes map and share. Each of them has a
 * channel of its own on that history, and holds a lock on the file around its calls. To publish is to
 * append, and to touch the file; a stream is one subscriber, which waits for that. A client that
 * closes its connection shows when lighttpd writes to it, at a heartbeat; then lighttpd sends TERM.
 *
 * Traps: INT to the process group, as systemd sends it with KillSignal=SIGINT, sends all clients
 * away; TERM does not, but must follow after two seconds, since lighttpd waits for a client that does
 * not read. A stream that is cut is a whole answer for lighttpd. Each stream is a process. */
#define _GNU_SOURCE
#include "app.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS = 1000, CAPACITY = 1024 * 1024, LOOK_MS = 50 };

static const char *path = "/dev/shm/sse-cgi"; /* which is gone after a boot; or APP_FILE */
static int file;
static struct shared {
    volatile int is_in_call; /* still 1 before a call: a process was killed inside of one */
    uint64_t epoch;
    uint64_t counters[SSE_COUNTERS];
    uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];
} * shared;
static volatile sig_atomic_t told; /* the latest signal */

/* SSE: the history of all processes, and the stream of this one. */

static sse_history *find_history(void)
{
    void *const memory = shared->memory;
    const size_t size = sizeof shared->memory;
    sse_history *h = memory;

    if (!shared->is_in_call && sse_history_next(h) > 0)
        return h;
    h = sse_history_open(memory, size, EVENTS, 0, shared->epoch, path, strlen(path));
    if (h != NULL)
        return h;
    getrandom(&shared->epoch, sizeof shared->epoch, 0);
    return sse_history_init(memory, size, EVENTS, 0, shared->epoch, path, strlen(path));
}

static int sink(void *unused, const void *bytes, size_t len, size_t *taken)
{
    const ssize_t n = write(STDOUT_FILENO, bytes, len);

    (void)unused;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? SSE_AGAIN : SSE_E_IO;
    *taken = (size_t)n;
    return SSE_OK;
}

/* Also what other processes have appended: the channel does not notice it, but flush does. */
static int is_at_end(sse_subscriber *s)
{
    app_tick();
    if (told == SIGINT)
        app_drain();
    else if (told == SIGTERM)
        sse_subscriber_leave(s);
    return told == SIGTERM || sse_status_closed(sse_subscriber_flush(s, sink));
}

/* End of SSE. The rest is the server. */

static sse_history *history;
static uint64_t next;

static void enter(void)
{
    int i;

    while (flock(file, LOCK_EX) != 0)
        ;
    history = find_history();
    shared->is_in_call = 1;
    next = sse_history_next(history);
    for (i = 0; i < SSE_COUNTERS; i++)
        app_counted[i] = shared->counters[i] - sse_channel_count(&app_channel, i);
}

static void leave(void)
{
    int i;

    for (i = 0; i < SSE_COUNTERS; i++)
        shared->counters[i] = app_counted[i] + sse_channel_count(&app_channel, i);
    if (sse_history_next(history) != next)
        futimens(file, NULL); /* inotify notifies the others */
    shared->is_in_call = 0;
    flock(file, LOCK_UN);
}

static void send_stream(sse_subscriber *s)
{
    const int news = inotify_init1(IN_NONBLOCK); /* -1: this user has too many: look often */
    struct pollfd fds[2] = {{news, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    char ignored[4096];
    struct timespec wait;
    sigset_t none;
    int wait_ms, is_over;

    sigemptyset(&none);
    inotify_add_watch(news, path, IN_ATTRIB);
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    for (;;) {
        enter();
        is_over = is_at_end(s);
        fds[1].events = sse_subscriber_blocked_ms(s) > 0 ? POLLOUT : 0;
        wait_ms = app_timeout();
        leave();
        if (is_over)
            break;
        if (news < 0 && (wait_ms < 0 || wait_ms > LOOK_MS))
            wait_ms = LOOK_MS;
        wait.tv_sec = wait_ms / 1000;
        wait.tv_nsec = wait_ms % 1000 * 1000000L;
        ppoll(fds, 2, wait_ms < 0 ? NULL : &wait, &none);
        while (read(news, ignored, sizeof ignored) > 0)
            ;
        if (fds[1].revents & (POLLERR | POLLHUP))
            told = SIGTERM;
    }
}

static void on_signal(int number)
{
    told = number;
}

void server_wake(void)
{
    /* There is no thread that would call it. */
}

static int share(void)
{
    struct stat is;

    if (getenv("APP_FILE"))
        path = getenv("APP_FILE");
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || flock(file, LOCK_EX) != 0 || fstat(file, &is) != 0 ||
        (is.st_size != 0 && is.st_size != sizeof *shared) ||
        posix_fallocate(file, 0, sizeof *shared) != 0)
        return -1;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    flock(file, LOCK_UN);
    return shared == MAP_FAILED ? -1 : 0;
}

static void wait_for_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t set;

    sigemptyset(&set); /* they come while it waits, and not inside of a call */
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static sse_str variable(const char *name)
{
    const char *const value = getenv(name);

    return (sse_str){value, value ? strlen(value) : 0};
}

/* Read the body. Returns 0, or the status of a refusal. */
static int receive(char *body, size_t *len)
{
    const char *const wanted = getenv("CONTENT_LENGTH");

    *len = wanted ? strtoul(wanted, NULL, 10) : 0;
    if (*len > APP_BODY_MAX)
        return 413;
    return fread(body, 1, *len, stdin) == *len ? 0 : 400;
}

static void send_answer(const app_reply *reply)
{
    size_t i;

    printf("Status: %d\r\n", reply->status);
    for (i = 0; i < reply->count; i++)
        printf("%s: %s\r\n", reply->fields[i].name.ptr, reply->fields[i].value.ptr);
    printf("\r\n%.*s", (int)reply->body.len, reply->body.ptr ? reply->body.ptr : "");
    fflush(stdout);
}

int main(void)
{
    app_request r = {
        .version = SSE_HTTP_MANAGED,
        .method = variable("REQUEST_METHOD"),
        .path = variable("PATH_INFO"),
        .query = variable("QUERY_STRING"),
        .accept = variable("HTTP_ACCEPT"),
        .last_event_id = variable("HTTP_LAST_EVENT_ID"),
    };
    static char body[APP_BODY_MAX];
    static app_stream stream;
    app_reply reply = {0};

    wait_for_signals();
    reply.status = share() == 0 ? receive(body, &r.body.len) : 503;
    r.body.ptr = body;
    if (reply.status == 0) {
        enter();
        app_start_on(history);
        app_answer(&stream, NULL, &r, &reply);
        leave();
    }
    send_answer(&reply);
    if (reply.is_stream)
        send_stream(&stream.subscriber);
    return 0;
}
