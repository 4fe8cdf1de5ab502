/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "options.h"

#include "../serve/text.h"
#include "../ssecat/say.h"

#include <sse/sse.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEY_MAX = 128, SECRET_MAX = 1024 };

static int is_address(const char *text)
{
    address a;

    return address_read(&a, (sse_str){text, strlen(text)}) == 0;
}

static int is_address_list(const char *text)
{
    sse_str rest = {text, strlen(text)};
    address a;

    while (rest.ptr) {
        if (address_read(&a, text_cut(&rest, ',')) != 0)
            return 0;
    }
    return 1;
}

/* A key that can stand in a URL, a log and a label of Prometheus. */
static int is_key(const char *text)
{
    const size_t len = strlen(text);

    return len > 0 && len <= KEY_MAX && sse_type_valid(text, len);
}

static int is_token(const char *text)
{
    return text[0] != '\0' && strpbrk(text, " \t\r\n\"(),/:;<=>?@[\\]{}") == NULL;
}

/* A field that a query can name next to the other parameters, and that has no meaning of its own. */
static int is_filter(const char *text)
{
    static const char *const taken[] = {"stream",
                                        "latest",
                                        "event",
                                        "data",
                                        "key",
                                        "nonce",
                                        "access_token",
                                        "last_event_id",
                                        "last-event-id",
                                        "lastEventId",
                                        "evs_last_event_id"};
    size_t i;

    for (i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcasecmp(text, taken[i]) == 0)
            return 0;
    }
    return is_token(text);
}

#define FIELD(name) offsetof(options, name)
#define HTTP_PUBLIC "/healthz, /readyz"

static const table_row rows[] = {
    HEADING("Redis:"),
    {"redis", 'R', "ADDRESS", TEXT(redis, is_address, "host:port"), NULL, NULL,
     "the primary, without sentinels"},
    {"sentinel", 'S', "ADDRESSES", LIST(sentinel, is_address_list, "host:port,..."), NULL, NULL,
     "sentinels, which name the primary; may be given several times"},
    {"master", 0, "NAME", TEXT(master, NULL, NULL), "mymaster", NULL,
     "what the sentinels call the primary"},
    {"stream", 's', "KEY",
     LIST(stream, is_key, "128 bytes of UTF-8 at most, no control characters"), NULL, NULL,
     "a stream to serve; may be given several times"},
    {"user", 0, "NAME", TEXT(user, NULL, NULL), NULL, "none", "the user of Redis, with a password"},
    {"password-file", 0, "PATH", TEXT(password_file, NULL, NULL), NULL, "none",
     "the password of Redis is the line in this file"},
    {"sentinel-password-file", 0, "PATH", TEXT(sentinel_password_file, NULL, NULL), NULL, "none",
     "the same for the sentinels"},
    {"wait", 'w', "N", NUMBER(wait, 0, 100, 1), "0", NULL,
     "nothing is published, or acknowledged, before so many replicas have it"},
    {"window", 'W', "MS", NUMBER(window_ms, 0, 10000, 1), "0", NULL,
     "after entries have come, wait so long for more before the next read"},

    HTTP_OPTIONS_CLIENTS,
    {"heartbeat", 'H', "SECONDS", NUMBER(http.heartbeat_ms, 0, 86400, 1000), "15", NULL,
     "a comment after so much silence; 0 for none"},
    {"retry", 'r', "MS", NUMBER(http.retry_ms, 0, SSE_RETRY_MAX, 1), "0", NULL,
     "reconnection time of the clients; 0: their own"},
    {"spread", 0, "MS", NUMBER(spread_ms, 1, 600000, 1), "5000", NULL,
     "clients that are sent away come back at random times up to this"},
    {"filter", 0, "FIELD", TEXT(filter, is_filter, "a name without blanks, no other parameter"),
     "tag", NULL, "the field of entries that a client can filter by, with parameters of that name"},
    {"user-field", 0, "FIELD",
     TEXT(user_field, is_filter, "a name without blanks, no other parameter"), NULL, "none",
     "entries with this field go to the clients of that user alone"},
    {"user-header", 0, "NAME", TEXT(user_header, is_token, "the name of a field"), "X-User", NULL,
     "the field of a request in which a proxy says which user it is"},

    HEADING("What clients have missed:"),
    {"history", 'n', "EVENTS", NUMBER(history, 1, 10000000, 1), "10000", NULL,
     "entries kept for clients that come back, for each stream; Redis has the others"},
    {"history-bytes", 'N', "BYTES", NUMBER(history_bytes, 1024, 2000000000, 1), "16777216", NULL,
     "bytes of them"},
    {"on-gap", 0, "WHAT", WORD(on_gap, "tell or close"), "tell", NULL,
     "what a client gets where entries are missing\n"
     "tell   an event of type gap, then all there is\n"
     "close  the same event; it forgets its id and starts over"},

    HEADING("Publishing:"),
    {"publish", 'P', NULL, FLAG(publish), "serve POST /publish"},
    {"max-len", 0, "N", NUMBER(max_len, 0, 1000000000, 1), "0", NULL,
     "have Redis trim a stream to about so many entries; 0: not at all"},

    HEADING("Other:"),
    {"quiet", 'q', NULL, FLAG(quiet), "print errors only"},
    {"help", 'h', NULL, SHOW(help), "print this and exit"},
    {"version", 'V', NULL, SHOW(version), "print the version and exit"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void print_help(void)
{
    fputs("Usage: sse-relay --redis HOST:PORT --stream KEY [OPTION]...\n"
          "       sse-relay --sentinel HOST:PORT,... --stream KEY [OPTION]...\n"
          "Serve streams of Redis as Server-Sent Events, on any number of machines.\n",
          stdout);
    table_print(rows, ROWS);
    fputs("\n"
          "GET /events?stream=KEY is the stream, POST /publish?stream=KEY adds an entry,\n"
          "/healthz, /readyz and /metrics are for probes. A client that comes back to any\n"
          "relay gets the entries that it has missed, or an event of type gap. On SIGTERM,\n"
          "SIGINT or SIGHUP clients get a time to come back, and sse-relay exits.\n",
          stdout);
}

/* Read the line of a file. Returns NULL when it has said what is wrong. */
static char *read_secret(const char *path)
{
    char text[SECRET_MAX + 2];
    FILE *const file = fopen(path, "re");
    const size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    const int failed = file == NULL || ferror(file);
    const char *wrong = failed ? strerror(errno) : NULL;

    if (file)
        fclose(file);
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (!failed && (text[0] == '\0' || len > SECRET_MAX))
        wrong = "it has no line of 1 to 1024 bytes";
    if (wrong)
        say_error("%s: %s", path, wrong);
    return wrong ? NULL : strdup(text);
}

static int read_secrets(options *o)
{
    if (o->password_file && (o->password = read_secret(o->password_file)) == NULL)
        return -1;
    if (o->sentinel_password_file &&
        (o->sentinel_password = read_secret(o->sentinel_password_file)) == NULL)
        return -1;
    return 0;
}

/* Whether a stream is named twice. */
static int has_twins(const table_list *list)
{
    size_t i, j;

    for (i = 0; i < list->count; i++) {
        for (j = 0; j < i; j++) {
            if (strcmp(list->at[i], list->at[j]) == 0)
                return 1;
        }
    }
    return 0;
}

/* Add a sentinel: it has one vote. Returns 0, or -1 when it has said what is wrong. */
static int add_sentinel(options *o, sse_str text)
{
    address *const a = &o->sentinel_at[o->sentinel_count];
    size_t i;

    if (o->sentinel_count == OPTIONS_SENTINELS_MAX) {
        say_error("at most %d sentinels", OPTIONS_SENTINELS_MAX);
        return -1;
    }
    address_read(a, text);
    for (i = 0; i < o->sentinel_count; i++) {
        if (address_same(&o->sentinel_at[i], a)) {
            say_error("a --sentinel is given twice");
            return -1;
        }
    }
    o->sentinel_count++;
    return 0;
}

/* Take the addresses out of the options, which have found them valid. */
static int read_addresses(options *o)
{
    size_t i;

    if (o->redis)
        address_read(&o->redis_at, (sse_str){o->redis, strlen(o->redis)});
    for (i = 0; i < o->sentinel.count; i++) {
        sse_str rest = {o->sentinel.at[i], strlen(o->sentinel.at[i])};

        while (rest.ptr) {
            if (add_sentinel(o, text_cut(&rest, ',')) != 0)
                return -1;
        }
    }
    return 0;
}

/* See to what concerns several options. */
static int combine(options *o)
{
    if ((o->redis != NULL) == (o->sentinel.count > 0))
        say_error("give --redis, or --sentinel; see sse-relay --help");
    else if (o->stream.count == 0)
        say_error("give a --stream; see sse-relay --help");
    else if (has_twins(&o->stream))
        say_error("a --stream is given twice");
    else if (o->user && !o->password_file)
        say_error("--user needs --password-file");
    else
        return read_addresses(o) == 0 ? read_secrets(o) : -1;
    return -1;
}

const char *options_filter(const options *o)
{
    return o->user_field ? o->user_field : o->filter;
}

int options_read(options *o, int argc, char **argv)
{
    memset(o, 0, sizeof *o);
    if (table_read(rows, ROWS, o, argc, argv) != 0)
        return EXIT_FAILURE + 1;
    if (o->help || o->version) {
        if (o->help)
            print_help();
        else
            printf("sse-relay, libsse %s\n", sse_version_text());
        return table_printed();
    }
    return combine(o) == 0 ? 0 : EXIT_FAILURE + 1;
}
