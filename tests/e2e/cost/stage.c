#define _GNU_SOURCE

#include "stage.h"

#include "common.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const kinds[KINDS] = {"floor", "channel", "ssecat"};

void stage_start(stage *s, enum kind kind, const char *here, char *ssecat, uint32_t clients,
                 int checked)
{
    char program[4096], count[16], most[32], history[32];
    char *simple_command[] = {program, count, NULL};
    char *ssecat_command[] = {ssecat,  "--port=0", "--heartbeat=0", "--patience=0", most,
                              history, NULL};

    snprintf(program, sizeof program, "%s/cost_%s", here, kinds[kind]);
    snprintf(count, sizeof count, "%" PRIu32, clients);
    snprintf(most, sizeof most, "--max-clients=%" PRIu32, clients);
    snprintf(history, sizeof history, "--history=%d", HISTORY);
    s->kind = kind;
    s->bytes = 0;
    server_start(&s->server, kind == SSECAT ? ssecat_command : simple_command,
                 kind == FLOOR ? EVENTS : LINES);
    drain_start(&s->drain, s->server.port, clients, checked);
}

void stage_deliver(stage *s, uint32_t turns, uint32_t events, size_t size)
{
    while (turns-- > 0) {
        s->bytes += events * size;
        drain_expect(&s->drain, s->bytes, now_ns());
        server_publish(&s->server, events, size);
        drain_wait(&s->drain);
    }
}

double stage_cost(stage *s, uint32_t turns, uint32_t events)
{
    const uint64_t before = server_cpu_ns(&s->server);

    stage_deliver(s, turns, events, EVENT);
    return (double)(server_cpu_ns(&s->server) - before) / turns / events / s->drain.clients;
}

/* Read an event of the stream. Returns whether it is number n; its epoch may be any. */
static int is_event(FILE *stream, uint64_t n)
{
    char block[3][EVENT + 2], id[32], data[EVENT + 16] = "data: ";
    size_t len = strlen(data);
    int i;

    for (i = 0; i < 3; i++)
        if (fgets(block[i], sizeof block[i], stream) == NULL)
            return 0;
    snprintf(id, sizeof id, "-%" PRIu64 "\n", n);
    len += server_line(data + len, n, EVENT);
    memcpy(data + len, "\n", 2);
    return strncmp(block[0], "id: ", 4) == 0 && strchr(block[0], '-') != NULL &&
           strcmp(strchr(block[0], '-'), id) == 0 && strcmp(block[1], data) == 0 &&
           strcmp(block[2], "\n") == 0;
}

void stage_check(stage *s)
{
    uint64_t n;

    if (drain_same(&s->drain) != s->drain.clients)
        die_plainly("clients differ in what they have got");
    rewind(s->drain.first);
    for (n = 1; n <= s->server.published; n++)
        if (!is_event(s->drain.first, n))
            die_plainly("a client has got something else than what was published");
    if (fgetc(s->drain.first) != EOF)
        die_plainly("a client has got more than was published");
    printf("%s: %" PRIu32 " clients have got each of %" PRIu64 " events\n", kinds[s->kind],
           s->drain.clients, n - 1);
}

void stage_stop(stage *s)
{
    drain_stop(&s->drain);
    server_stop(&s->server);
}
