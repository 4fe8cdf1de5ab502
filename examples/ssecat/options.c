/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "say.h"

#include <sse/sse.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of history: an offset has 32 bits. */
enum { HISTORY_MIN = 128 * 1024, HISTORY_MAX = 2000000000 };

/* Whether it can be an event type, and is none of those that have a meaning already. */
static int is_type(const char *text)
{
    static const char *const taken[] = {"place", "gap", "retry"};
    size_t i;

    for (i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcmp(text, taken[i]) == 0)
            return 0;
    }
    return sse_type_valid(text, strlen(text)) && text[0] != '\0';
}

static int is_event(const char *text)
{
    return text[0] == '\0' || (is_type(text) && strlen(text) <= OPTIONS_TYPE_MAX);
}

static int is_short_type(const char *text)
{
    return is_type(text) && strlen(text) <= SSE_CHANNEL_TEXT_MAX;
}

#define FIELD(name) offsetof(options, name)
#define HTTP_PUBLIC "/healthz"

static const table_row rows[] = {
    HTTP_OPTIONS_CLIENTS,

    HEADING("Input:"),
    {"input", 'i', "FORM", WORD(input, "lines, nul, cr or raw"), "lines", NULL,
     "what one event is\n"
     "lines  a line, up to LF or CRLF\n"
     "nul    a record, up to NUL\n"
     "cr     a line, up to LF, CR or CRLF: a progress bar\n"
     "raw    what has arrived, at once"},
    {"max-line", 'l', "BYTES", NUMBER(max_line, 16, HISTORY_MAX, 1), NULL, "what the history holds",
     "a longer line comes in pieces"},
    {"wait", 'w', "N", NUMBER(wait, 0, 1000000, 1), "0", NULL,
     "read nothing until so many clients are there"},
    {"stay", 's', NULL, FLAG(stay), "go on serving when the input has ended"},

    HEADING("Events:"),
    {"event", 'e', "NAME",
     TEXT(event, is_event,
          "256 bytes of UTF-8 at most, no control characters; not place, gap or retry"),
     NULL, "message", "type of the events"},
    {"farewell", 0, "NAME", TEXT(farewell, is_short_type, "as for --event, 96 bytes at most"),
     "farewell", NULL, "type of the event after the last line, when the input has ended"},
    {"plain", 0, NULL, FLAG(plain),
     "send lines and heartbeats only, for clients that take every event for a line; nothing "
     "tells them what is missing, or the end"},
    {"heartbeat", 'H', "SECONDS", NUMBER(http.heartbeat_ms, 0, 86400, 1000), "15", NULL,
     "a comment after so much silence; 0 for none"},
    {"ping", 0, "NAME", TEXT(http.ping, is_short_type, "as for --event, 96 bytes at most"), NULL,
     "a comment", "heartbeats are events of this type, which a page can see"},
    {"retry", 'r', "MS", NUMBER(http.retry_ms, 0, SSE_RETRY_MAX, 1), "0", NULL,
     "reconnection time of the clients; 0: their own"},
    {"first", 0, "SHAPE", WORD(http.first, "block, line or typed"), "block", NULL,
     "what the comment or retry that begins a stream is\n"
     "block  a block of its own\n"
     "line   a line of the first event, and heartbeats are lines\n"
     "       of the next one: fetch-event-source, htmx 4\n"
     "typed  an event of type retry: htmx 4; the openai SDK fails"},

    HEADING("What clients have missed:"),
    {"history", 'n', "BYTES", NUMBER(history, HISTORY_MIN, HISTORY_MAX, 1), "1048576", NULL,
     "events kept for clients that come back"},
    {"history-file", 'f', "PATH", TEXT(history_file, NULL, NULL), NULL, "in memory",
     "keep them in a file, for after a restart, too"},
    {"from-start", 'F', NULL, FLAG(from_start), "new clients get what is kept first"},
    {"patience", 'P', "MS", NUMBER(patience_ms, 0, 3600000, 1), "5000", NULL,
     "how long a lagging client may hold up the input"},

    HEADING("Other:"),
    {"page", 0, "PATH", TEXT(page, NULL, NULL), NULL, "one that shows the lines",
     "serve this HTML file at /, instead of the page of ssecat"},
    {"quiet", 'q', NULL, FLAG(quiet), "print errors only"},
    {"help", 'h', NULL, SHOW(help), "print this and exit"},
    {"version", 'V', NULL, SHOW(version), "print the version and exit"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void print_help(void)
{
    fputs("Usage: some-command | ssecat [OPTION]...\n"
          "Serve each line of standard input as a Server-Sent Event, to many clients.\n",
          stdout);
    table_print(rows, ROWS);
    fputs("\n"
          "GET / is a page that shows the stream, GET /events is the stream, /healthz and\n"
          "/metrics are for probes. A client that comes back gets the events that it has\n"
          "missed; an event of type gap tells it which ones the history has dropped. When\n"
          "the input has ended, the clients get the rest and the farewell; on SIGTERM,\n"
          "SIGINT or SIGHUP the rest and a time to come back. Then ssecat exits.\n",
          stdout);
}

/* The length of the longest line of which the history can keep the event. */
static uint32_t line_most(const options *o)
{
    const sse_event empty = {.type = {o->event, o->event ? strlen(o->event) : 0}, .data = {"", 0}};
    size_t len;

    sse_event_encode(&empty, NULL, 0, &len);
    return o->history - OPTIONS_EVENT_FRAME - (uint32_t)len;
}

static int is_line_type(const options *o, const char *type)
{
    return type && strcmp(type, o->event && o->event[0] ? o->event : "message") == 0;
}

/* See to what concerns several options. */
static int combine(options *o)
{
    const uint32_t most = line_most(o);

    if (o->max_line == 0)
        o->max_line = most;
    if (o->max_line > most)
        say_error("--max-line %lu: a history of %lu bytes holds lines of %lu bytes; see --history",
                  (unsigned long)o->max_line, (unsigned long)o->history, (unsigned long)most);
    else if (o->wait > o->http.max_clients)
        say_error("--wait for more clients than --max-clients lets in");
    else if (is_line_type(o, o->farewell) || is_line_type(o, o->http.ping))
        say_error("--farewell and --ping need other types than the lines have");
    else
        return 0;
    return -1;
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
            printf("ssecat, libsse %s\n", sse_version_text());
        return table_printed();
    }
    return combine(o) == 0 ? 0 : EXIT_FAILURE + 1;
}
