#define _GNU_SOURCE

#include "options.h"

#include <sse/sse.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of history: a line of the greatest length fits, and an offset has 32 bits. */
enum { HISTORY_MIN = 128 * 1024, HISTORY_MAX = 2000000000 };

static const char help[] =
    "Usage: some-command | ssecat [OPTION]...\n"
    "Serve each line of standard input as a Server-Sent Event, to any number of clients.\n"
    "\n"
    "  -p, --port N             TCP port; 0 takes a free one (8080)\n"
    "  -b, --bind ADDRESS       address to listen on (127.0.0.1)\n"
    "  -e, --event NAME         type of the events (message)\n"
    "  -H, --heartbeat SECONDS  a comment after so much silence; 0 for none (15)\n"
    "  -r, --retry MS           reconnection time that clients are told (their own)\n"
    "  -c, --cors ORIGIN        let pages of this origin read the stream; * for any\n"
    "  -m, --max-clients N      streams at a time; more are answered 503 (1000)\n"
    "  -n, --history BYTES      events kept for clients that come back (1048576)\n"
    "  -f, --history-file PATH  keep them in a file, for after a restart, too\n"
    "  -F, --from-start         new clients get what is kept first\n"
    "  -w, --wait N             read no input until N clients are connected (0)\n"
    "  -P, --patience MS        how long a client that is behind may hold up the input (5000)\n"
    "  -s, --stay               go on serving when the input has ended\n"
    "  -q, --quiet              print errors only\n"
    "  -h, --help               print this and exit\n"
    "  -V, --version            print the version and exit\n"
    "\n"
    "GET / is a page that shows the stream, GET /events is the stream, /healthz and /metrics are\n"
    "for probes. A line may have 64 KiB; a longer one arrives in pieces. A client that comes back\n"
    "gets what it has missed, as far as it is kept; one that does not keep up gets what is kept;\n"
    "what is missing is told by an event of type gap. At the end of the input, and on SIGTERM or\n"
    "SIGINT, the clients get what they have not had and a time to come back; then ssecat exits.\n";

static const struct option known[] = {
    {"port", required_argument, NULL, 'p'},
    {"bind", required_argument, NULL, 'b'},
    {"event", required_argument, NULL, 'e'},
    {"heartbeat", required_argument, NULL, 'H'},
    {"retry", required_argument, NULL, 'r'},
    {"cors", required_argument, NULL, 'c'},
    {"max-clients", required_argument, NULL, 'm'},
    {"history", required_argument, NULL, 'n'},
    {"history-file", required_argument, NULL, 'f'},
    {"from-start", no_argument, NULL, 'F'},
    {"wait", required_argument, NULL, 'w'},
    {"patience", required_argument, NULL, 'P'},
    {"stay", no_argument, NULL, 's'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* Read a whole number from 0 to most. */
static int number(const char *text, uint32_t most, uint32_t *value)
{
    unsigned long n;
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 10)
        return -1;
    n = strtoul(text, &end, 10);
    if (*end != '\0' || n > most)
        return -1;
    *value = (uint32_t)n;
    return 0;
}

static int set(options *o, int option, const char *text)
{
    uint32_t n = 0;

    switch (option) {
    case 'p':
        o->port = text;
        return number(text, 65535, &n);
    case 'b':
        o->bind = text;
        return 0;
    case 'e':
        o->event = text;
        if (strcmp(text, "place") == 0) /* the type of events that are no lines */
            return -1;
        return sse_type_valid(text, strlen(text)) && strlen(text) <= 256 ? 0 : -1;
    case 'H':
        if (number(text, 86400, &n) != 0)
            return -1;
        o->heartbeat_ms = n * 1000;
        return 0;
    case 'r':
        return number(text, SSE_RETRY_MAX, &o->retry_ms);
    case 'c': {
        const sse_http_answer a = {.version = SSE_HTTP_1_1, .origin = {text, strlen(text)}};
        size_t len;

        o->cors = text;
        return sse_http_head(&a, NULL, 0, &len) == SSE_E_SPACE && len < 1024 ? 0 : -1;
    }
    case 'm':
        return number(text, 1000000, &o->max_clients);
    case 'n':
        return number(text, HISTORY_MAX, &o->history) == 0 && o->history >= HISTORY_MIN ? 0 : -1;
    case 'f':
        o->history_file = text;
        return 0;
    case 'F':
        o->from_start = 1;
        return 0;
    case 'w':
        return number(text, 1000000, &o->wait);
    case 'P':
        return number(text, 3600000, &o->patience_ms);
    case 's':
        o->stay = 1;
        return 0;
    case 'q':
        o->quiet = 1;
        return 0;
    default:
        return -1;
    }
}

int options_read(options *o, int argc, char **argv)
{
    int option, index = -1;

    memset(o, 0, sizeof *o);
    o->bind = "127.0.0.1";
    o->port = "8080";
    o->heartbeat_ms = SSE_HEARTBEAT_MS;
    o->max_clients = 1000;
    o->history = 1024 * 1024;
    o->patience_ms = 5000;

    while ((option = getopt_long(argc, argv, "p:b:e:H:r:c:m:n:f:Fw:P:sqhV", known, &index)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_SUCCESS + 1;
        }
        if (option == 'V') {
            printf("ssecat, libsse %s\n", sse_version_text());
            return EXIT_SUCCESS + 1;
        }
        if (option == '?') {
            fputs("Try 'ssecat --help'.\n", stderr);
            return EXIT_FAILURE + 1;
        }
        if (set(o, option, optarg) != 0) {
            fprintf(stderr, "ssecat: bad value for -%c: '%s'\n", option, optarg);
            return EXIT_FAILURE + 1;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "ssecat: unexpected '%s'; input comes on standard input\n", argv[optind]);
        return EXIT_FAILURE + 1;
    }
    if (o->wait > o->max_clients) {
        fputs("ssecat: --wait for more clients than --max-clients lets in\n", stderr);
        return EXIT_FAILURE + 1;
    }
    return 0;
}
