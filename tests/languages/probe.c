/* SPDX-License-Identifier: MIT */
/* probe.c - the reference for the probes of all languages: the same commands, straight to the library.
 * README.md beside this file has the commands. */
#define _POSIX_C_SOURCE 200809L
#include <sse/sse.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORDS = 12, CLIENTS = 64, TAGS = 16, LINE = 1 << 20, TEXTS = 1 << 20 };

typedef struct client {
    sse_subscriber subscriber;
    sse_writer *queue;
    uint64_t tags[TAGS];
    int number;
} client;

static char line[LINE], texts[TEXTS], bytes[TEXTS];
static size_t texts_len; /* of the texts of this command */
static char *words[WORDS];
static int word_count, word_at;

static sse_writer *writer;
static sse_channel channel;
static sse_history *history;
static client *clients[CLIENTS];
static int keeps; /* a client that is forgotten stays in its channel, as in some languages */

static void fail(const char *why)
{
    fprintf(stderr, "probe: %s: %s\n", words[0] ? words[0] : "", why);
    exit(1);
}

static void *memory(size_t size)
{
    void *const p = calloc(1, size);

    if (p == NULL)
        fail("no memory");
    return p;
}

/* The words of a command, one after the other. */

static const char *word(void)
{
    if (word_at == word_count)
        fail("too few words");
    return words[word_at++];
}

static uint64_t number(void)
{
    const char *const text = word();
    char *end;
    uint64_t n;

    errno = 0;
    n = strtoull(text, &end, 10);
    if (end == text || *end != 0 || errno != 0)
        fail("not a number");
    return n;
}

static int digit(char c)
{
    const char *const digits = "0123456789abcdef", *const found = c ? strchr(digits, c) : NULL;

    if (found == NULL)
        fail("not hexadecimal");
    return (int)(found - digits);
}

/* Absent, empty, or bytes in hexadecimal. */
static sse_str text(void)
{
    const char *at = word();
    sse_str s = {NULL, 0};

    if (strcmp(at, "-") == 0)
        return s;
    s.ptr = texts + texts_len;
    if (strcmp(at, ".") == 0)
        return s;
    for (; *at; at += 2) {
        if (texts_len == sizeof texts)
            fail("too long");
        texts[texts_len++] = (char)(digit(at[0]) * 16 + digit(at[1]));
        s.len++;
    }
    return s;
}

static client *named(void)
{
    const uint64_t k = number();

    if (k >= CLIENTS || clients[k] == NULL)
        fail("no such client");
    return clients[k];
}

/* Answers. */

static void print_bytes(const char *p, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        printf("%02x", (unsigned char)p[i]);
    if (len == 0)
        putchar('.');
}

/* Returns 1 if it is SSE_OK, which is left to the caller to print. */
static int is_ok(int status)
{
    if (sse_status_closed(status))
        printf("closed %d\n", status);
    else if (status == SSE_AGAIN)
        puts("again");
    else if (status < 0)
        printf("error %d\n", status);
    else if (status == SSE_GAP)
        puts("gap");
    return status == SSE_OK;
}

static void answer(int status)
{
    if (is_ok(status))
        puts("ok");
}

static void answer_bytes(int status, size_t len)
{
    if (is_ok(status)) {
        printf("ok ");
        print_bytes(bytes, len);
        putchar('\n');
    }
}

static void answer_number(long long n)
{
    printf("ok %lld\n", n);
}

/* Commands. */

static void do_encode(void)
{
    sse_event ev;
    size_t len;
    int status;

    ev.comment = text();
    ev.type = text();
    ev.id = text();
    ev.retry_ms = (uint32_t)number();
    ev.data = text();
    status = sse_event_encode(&ev, bytes, sizeof bytes, &len);
    answer_bytes(status, len);
}

static sse_writer *make_writer(uint64_t capacity)
{
    const size_t size = SSE_WRITER_OVERHEAD + (size_t)capacity;
    sse_writer *const w = sse_writer_init(memory(size), size, 0);

    if (w == NULL)
        fail("no such writer");
    return w;
}

static void do_writer(void)
{
    free(writer);
    writer = make_writer(number());
    puts("ok");
}

static void do_send(void)
{
    const sse_str type = text(), id = text(), data = text();

    answer(sse_writer_send_parts(writer, type.ptr, type.len, id.ptr, id.len, data.ptr, data.len));
}

static void do_comment(void)
{
    const sse_str comment = text();

    answer(sse_writer_comment(writer, comment.ptr, comment.len));
}

static void do_retry(void)
{
    answer(sse_writer_retry(writer, (uint32_t)number()));
}

static void do_read(void)
{
    size_t len;
    const int status = sse_writer_read(writer, bytes, (size_t)number(), &len);

    answer_bytes(status, len);
}

static void do_close(void)
{
    answer(sse_writer_close(writer));
}

static void drop(int k)
{
    if (clients[k]) {
        sse_subscriber_leave(&clients[k]->subscriber);
        free(clients[k]->queue);
        free(clients[k]);
        clients[k] = NULL;
    }
}

static void make_channel(sse_str name, uint64_t epoch, uint64_t events, uint64_t capacity,
                         uint64_t heartbeat_ms, uint64_t now_ms)
{
    const size_t size = sse_history_size((uint32_t)events, (size_t)capacity);
    int k;

    for (k = 0; k < CLIENTS; k++)
        drop(k);
    free(history);
    history = sse_history_init(memory(size), size, (uint32_t)events, 0, epoch, name.ptr, name.len);
    if (sse_channel_init(&channel, history, (uint32_t)heartbeat_ms, 0, now_ms) != SSE_OK)
        fail("no such channel");
}

static void do_channel(void)
{
    const sse_str name = text();
    const uint64_t epoch = number(), events = number(), capacity = number(), heartbeat = number();

    make_channel(name, epoch, events, capacity, heartbeat, number());
    puts("ok");
}

/* Returns how many tags a filter has; -1: there is no filter. */
static int read_tags(uint64_t *tags)
{
    const char *at = word();
    int count = 0;
    char *end;

    if (strcmp(at, "-") == 0)
        return -1;
    if (strcmp(at, ".") == 0)
        return 0;
    for (;; at = end + 1) {
        if (count == TAGS)
            fail("too many tags");
        tags[count++] = strtoull(at, &end, 10);
        if (*end != ',')
            return count;
    }
}

static int join(client *c, sse_str header, sse_str query, uint64_t retry_ms)
{
    const int status = sse_http_send_parts(SSE_HTTP_MANAGED, 200, 0, (uint32_t)retry_ms,
                                           SSE_HTTP_FIRST_BLOCK, NULL, 0, c->queue);

    if (status != SSE_OK)
        return status;
    return sse_subscriber_join(&c->subscriber, &channel, c->queue, c, SSE_JOIN_GAPS, header.ptr,
                               header.len, query.ptr, query.len);
}

static void do_join(void)
{
    client *const c = memory(sizeof *c);
    const uint64_t k = number();
    const sse_str header = text(), query = text();
    const int tags = read_tags(c->tags);
    uint64_t stall_ms, retry_ms;
    int status;

    if (k >= CLIENTS)
        fail("no such client");
    drop((int)k);
    c->number = (int)k;
    c->queue = make_writer(number());
    stall_ms = number();
    retry_ms = number();
    sse_channel_tick(&channel, number());
    status = join(c, header, query, retry_ms);
    clients[k] = c;
    if (status < SSE_OK)
        drop((int)k);
    if (status >= SSE_OK && tags >= 0)
        sse_subscriber_set_filter(&c->subscriber, c->tags, (size_t)tags);
    if (status >= SSE_OK)
        sse_subscriber_set_limits(&c->subscriber, 0, (uint32_t)stall_ms, 0);
    answer(status);
}

static void do_publish(void)
{
    const sse_str type = text(), data = text();
    const uint64_t tag = number(), key = number();

    sse_channel_tick(&channel, number());
    answer(sse_channel_publish_parts(&channel, type.ptr, type.len, NULL, 0, data.ptr, data.len, tag,
                                     key));
}

static void do_tick(void)
{
    answer(sse_channel_tick(&channel, number()));
}

static client *next(void)
{
    return sse_subscriber_user(sse_channel_next(&channel));
}

static void do_ready(void)
{
    const client *c;

    printf("ok");
    while ((c = next()) != NULL)
        printf(" %d", c->number);
    putchar('\n');
}

static void do_throw(void)
{
    const client *const c = next();

    if (c)
        printf("thrown %d\n", c->number);
    else
        puts("ok");
}

static void do_take(void)
{
    client *const c = named();
    size_t len;
    const int status = sse_subscriber_read(&c->subscriber, bytes, (size_t)number(), &len);

    answer_bytes(status, len);
}

static void do_tell(void)
{
    client *const c = named();
    const sse_str type = text(), data = text();

    answer(
        sse_subscriber_send_parts(&c->subscriber, type.ptr, type.len, NULL, 0, data.ptr, data.len));
}

static void do_end(void)
{
    answer(sse_subscriber_close(&named()->subscriber));
}

static void do_leave(void)
{
    answer(sse_subscriber_leave(&named()->subscriber));
}

static void do_forget(void)
{
    client *const c = named();

    if (keeps)
        clients[c->number] = NULL; /* and is never freed */
    else
        drop(c->number);
    puts("ok");
}

static void do_behind(void)
{
    answer_number((long long)sse_subscriber_behind(&named()->subscriber));
}

static void do_count(void)
{
    answer_number((long long)sse_channel_count(&channel, (int)number()));
}

static void do_timeout(void)
{
    answer_number(sse_channel_timeout(&channel, number()));
}

static void do_drain(void)
{
    const uint32_t retry = (uint32_t)number(), window = (uint32_t)number();

    answer(sse_channel_drain(&channel, NULL, 0, NULL, 0, retry, window, 0, (uint32_t)number()));
}

static void do_accepts(void)
{
    const sse_str accept = text();

    answer_number(sse_http_accepts(accept.ptr, accept.len));
}

static void do_fields(void)
{
    const int status = (int)number();
    const uint32_t flags = status == 204 ? SSE_HTTP_PREFLIGHT : 0;
    const sse_str origin = text(), methods = text();
    size_t i, name, value;

    printf("ok");
    for (i = 0; sse_http_field_parts(SSE_HTTP_MANAGED, status, flags, 0, origin.ptr, origin.len,
                                     methods.ptr, methods.len, i, bytes, sizeof bytes, &name,
                                     &value) == SSE_OK;
         i++) {
        putchar(' ');
        print_bytes(bytes, name);
        putchar('=');
        print_bytes(bytes + name + 1, value);
    }
    putchar('\n');
}

/* What is measured: an event of 19 bytes, so many times. */

static const char data[] = "hello from libsse !";

static void bench_encode(void)
{
    char dst[256];
    size_t len;

    if (sse_event_encode_parts(NULL, 0, "tick", 4, NULL, 0, 0, data, 19, dst, sizeof dst, &len) !=
        SSE_OK)
        fail("encode");
}

static void bench_send(void)
{
    char dst[4096];
    size_t len;

    if (sse_writer_send_parts(writer, "tick", 4, NULL, 0, data, 19) != SSE_OK ||
        sse_writer_read(writer, dst, sizeof dst, &len) != SSE_OK)
        fail("send");
}

static void bench_publish(void)
{
    char dst[4096];
    size_t len;
    client *c;

    if (sse_channel_publish_parts(&channel, "tick", 4, NULL, 0, data, 19, 0, 0) != SSE_OK ||
        (c = next()) == NULL ||
        sse_subscriber_read(&c->subscriber, dst, sizeof dst, &len) != SSE_OK ||
        sse_subscriber_read(&c->subscriber, dst, sizeof dst, &len) != SSE_AGAIN)
        fail("publish");
}

static void prepare_bench(void)
{
    const sse_str none = {NULL, 0};
    client *const c = memory(sizeof *c);
    size_t len;

    free(writer);
    writer = make_writer(4096);
    make_channel(SSE_LIT("bench"), 1, 1000, 1 << 20, 15000, 0);
    c->queue = make_writer(4096);
    clients[0] = c;
    if (join(c, none, none, 0) != SSE_OK || next() != c ||
        sse_subscriber_read(&c->subscriber, bytes, sizeof bytes, &len) != SSE_OK)
        fail("join");
}

static void do_bench(void)
{
    const char *const what = word();
    const uint64_t times = number();
    void (*const once)(void) = strcmp(what, "encode") == 0 ? bench_encode
                               : strcmp(what, "send") == 0 ? bench_send
                                                           : bench_publish;
    struct timespec start, end;
    uint64_t i;

    prepare_bench();
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (i = 0; i < times; i++)
        once();
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("ok %.1f\n",
           ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
               (double)times);
}

static const struct command {
    const char *name;
    void (*run)(void);
} commands[] = {
    {"encode", do_encode},   {"writer", do_writer},   {"send", do_send},
    {"comment", do_comment}, {"retry", do_retry},     {"read", do_read},
    {"close", do_close},     {"channel", do_channel}, {"join", do_join},
    {"publish", do_publish}, {"tick", do_tick},       {"ready", do_ready},
    {"throw", do_throw},     {"take", do_take},       {"tell", do_tell},
    {"end", do_end},         {"leave", do_leave},     {"forget", do_forget},
    {"behind", do_behind},   {"count", do_count},     {"timeout", do_timeout},
    {"drain", do_drain},     {"accepts", do_accepts}, {"fields", do_fields},
    {"bench", do_bench},
};

static void run(void)
{
    size_t i;
    char *at = strtok(line, " \n");

    texts_len = 0;
    word_at = 1;
    for (word_count = 0; at; at = strtok(NULL, " \n")) {
        if (word_count == WORDS)
            fail("too many words");
        words[word_count++] = at;
    }
    if (word_count == 0)
        fail("an empty line");
    for (i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, words[0]) == 0) {
            commands[i].run();
            fflush(stdout);
            return;
        }
    fail("there is no such command");
}

int main(int argc, char **argv)
{
    int k;

    keeps = argc > 1 && strcmp(argv[1], "--keeps") == 0;
    while (fgets(line, sizeof line, stdin) != NULL)
        run();
    for (k = 0; k < CLIENTS; k++)
        drop(k);
    free(history);
    free(writer);
    return 0;
}
