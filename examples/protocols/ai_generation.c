/* SPDX-License-Identifier: MIT */
/* ai_generation.c - a generation: from the bytes of the model to the events of a protocol.
 *
 * Characters. A piece may end inside one: the beginning is held until the rest comes, so that no
 * event has half a character, which JSON could not carry.
 *
 * Readers. A generation that is read once makes the model wait while its history has no room for
 * the next step, and ends with its reader. One that can be read again has a history for all its
 * events. So nothing is ever dropped, and there is no gap event, at which some SDKs fail. */
#define _POSIX_C_SOURCE 200809L
#include "ai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    STEP_BYTES = 4096,  /* the most that a step publishes in a stream that is read once */
    WAIT_MS = 5,        /* how long the model waits for room */
    ROOM_BYTES = 16384, /* a history for one reader, */
    ROOM_EVENTS = 512,  /* whose events are not as small as that */
    EVENT_BYTES = 384,  /* of a piece of at most 8 bytes, each of which JSON writes as 6 */
    ENDS_BYTES = 4 * 6 * AI_PIECE_MAX /* what it adds to the four events that repeat the text */
};

size_t ai_running, ai_pieces;

/* see ai.h */
uint32_t ai_setting(const char *name, uint32_t usual)
{
    const char *const text = getenv(name);

    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : usual;
}

static void must(int holds)
{
    if (holds)
        return;
    fprintf(stderr, "ai: out of memory\n");
    exit(1); /* readers see that they are cut off */
}

void ai_publish_text(ai_generation *g, const char *text)
{
    if (g->channel != NULL)
        must(sse_channel_publish_parts(g->channel, NULL, 0, NULL, 0, text, strlen(text), 0, 0) ==
             SSE_OK);
}

void ai_publish(ai_generation *g, const char *type, const char *id, json_t *data)
{
    char *const text = g->channel != NULL ? json_dumps(data, JSON_COMPACT) : NULL;

    must(data != NULL && (g->channel == NULL || text != NULL));
    if (g->channel != NULL)
        must(sse_channel_publish_parts(g->channel, type, type ? strlen(type) : 0, id,
                                       id ? strlen(id) : 0, text, strlen(text), 0, 0) == SSE_OK);
    g->events++;
    free(text);
    json_decref(data);
}

json_t *ai_text(const ai_part *part)
{
    return json_stringn(part->len > 0 ? part->text : "", part->len);
}

/* Parts. */

static ai_part *part(ai_generation *g)
{
    return g->part_count > 0 ? &g->parts[g->part_count - 1] : NULL;
}

/* Keep the text of the part, for an answer or events that repeat it. */
static void keep(ai_part *to, const char *text, size_t len)
{
    const size_t need = to->len + len, twice = 2 * to->len + 64;
    char *grown = to->text;

    if (need > to->cap) {
        to->cap = need > twice ? need : twice;
        grown = realloc(to->text, to->cap);
        must(grown != NULL);
    }
    memcpy(grown + to->len, text, len);
    to->text = grown;
    to->len = need;
}

/* Add whole characters to the part. */
static void add(ai_generation *g, const char *text, size_t len)
{
    if (g->channel == NULL || g->protocol->keeps_all)
        keep(part(g), text, len);
    g->protocol->piece(g, text, len);
}

/* Add the whole characters that are held. Bytes that are not UTF-8 become U+FFFD. */
static void add_held(ai_generation *g, int is_end)
{
    char whole[3 * sizeof g->held];
    size_t taken, made;

    sse_utf8_repair(g->held, g->held_len, is_end, whole, sizeof whole, &taken, &made);
    g->held_len -= taken;
    memmove(g->held, g->held + taken, g->held_len);
    if (made > 0)
        add(g, whole, made);
}

static void close_part(ai_generation *g)
{
    if (g->part_count == 0)
        return;
    add_held(g, 1);
    g->protocol->close(g, part(g));
}

static void next_part(ai_generation *g)
{
    const ai_reason why = g->part_count > 0 && part(g)->kind == AI_CALL ? AI_CALLS : AI_STOP;
    const ai_kind kind = ai_model_part(&g->model);

    if (kind == AI_END) {
        ai_end(g, why);
        return;
    }
    close_part(g);
    g->parts[g->part_count++] = (ai_part){.kind = kind};
    g->protocol->open(g, part(g));
}

void ai_end(ai_generation *g, ai_reason reason)
{
    if (g->reason != AI_RUNNING)
        return;
    if (reason == AI_LENGTH)
        g->held_len = 0; /* a character that does not fit any more */
    g->reason = reason;
    ai_running--;
    if (reason != AI_FAILED && reason != AI_CANCELED)
        close_part(g);
    g->protocol->end(g);
    ai_model_stop(&g->model);
    web_stop(&g->timer);
    if (g->channel != NULL)
        web_finish(g->channel);
}

/* Steps. */

static void generate(ai_generation *g)
{
    char bytes[AI_PIECE_MAX];
    const int n = g->part_count > 0 ? ai_model_piece(&g->model, bytes) : 0;

    if (n < 0) {
        ai_end(g, AI_FAILED);
    } else if (n == 0) {
        next_part(g);
    } else {
        g->tokens++;
        ai_pieces++;
        memcpy(g->held + g->held_len, bytes, (size_t)n);
        g->held_len += (size_t)n;
        add_held(g, 0);
        if (g->tokens == g->ask.max_tokens)
            ai_end(g, AI_LENGTH);
    }
}

static void step(void *user)
{
    ai_generation *const g = user;

    if (!g->protocol->keeps_all && !sse_channel_fits(g->channel, STEP_BYTES)) {
        web_after(&g->timer, WAIT_MS);
        return;
    }
    generate(g);
    if (g->reason == AI_RUNNING)
        web_after(&g->timer, ai_setting("AI_TOKEN_MS", 20));
}

void ai_finish(ai_generation *g)
{
    web_stop(&g->timer);
    while (g->reason == AI_RUNNING)
        generate(g);
}

/* Begin and end. */

/* An id that nobody can guess. */
static void make_id(char id[AI_ID_MAX], const char *prefix)
{
    unsigned char random[12];
    size_t at = (size_t)sprintf(id, "%.12s", prefix), i;

    must(getrandom(random, sizeof random, 0) == (ssize_t)sizeof random);
    for (i = 0; i < sizeof random; i++)
        at += (size_t)sprintf(id + at, "%02x", random[i]);
}

static sse_channel *make_channel(const ai_generation *g)
{
    const uint32_t events = g->protocol->keeps_all ? g->ask.max_tokens + 32 : ROOM_EVENTS;
    const size_t bytes = g->protocol->keeps_all
                             ? (size_t)g->ask.max_tokens * (EVENT_BYTES + ENDS_BYTES) + ROOM_BYTES
                             : ROOM_BYTES;
    sse_channel *const ch =
        web_channel(NULL, events, bytes, ai_setting("AI_BEAT_MS", SSE_HEARTBEAT_MS));
    const char *const type = g->protocol->beat, *const data = g->protocol->beat_data;

    if (ch != NULL)
        sse_channel_set_heartbeat(ch, type, type ? strlen(type) : 0, data, data ? strlen(data) : 0);
    return ch;
}

void ai_free(ai_generation *g)
{
    size_t i;

    if (g->reason == AI_RUNNING)
        ai_running--;
    web_stop(&g->timer);
    if (g->channel != NULL)
        web_free(g->channel);
    for (i = 0; i < g->part_count; i++)
        free(g->parts[i].text);
    ai_model_stop(&g->model);
    free(g);
}

ai_generation *ai_start(const ai_protocol *protocol, const ai_ask *ask)
{
    ai_generation *const g = calloc(1, sizeof *g);

    if (g == NULL)
        return NULL;
    g->protocol = protocol;
    g->ask = *ask;
    if (protocol->keeps_all && ask->max_tokens > AI_KEPT_MAX)
        g->ask.max_tokens = AI_KEPT_MAX;
    g->created = (long long)time(NULL);
    g->ask.prompt = NULL; /* the model has it */
    g->input_tokens = strlen(ask->prompt) / 4 + 1;
    g->timer = (web_timer){.run = step, .user = g};
    make_id(g->id, protocol->id);
    make_id(g->call_id, protocol->call_id);
    if (ask->streams || ask->is_background)
        g->channel = make_channel(g);
    if (!ai_model_start(&g->model, ask) ||
        (g->channel == NULL && (ask->streams || ask->is_background))) {
        g->reason = AI_FAILED;
        ai_free(g);
        return NULL;
    }
    ai_running++;
    protocol->begin(g);
    web_after(&g->timer, ai_setting("AI_PREFILL_MS", 0));
    return g;
}
