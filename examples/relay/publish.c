/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "publish.h"

#include "../serve/text.h"
#include "relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { WORDS_MAX = 16, TEXT_MAX = 512 };

/* A request to publish, until Redis and its replicas have answered. */
typedef struct publication {
    errand errand;
    client *client; /* NULL: it is gone */
    stream *stream;
    struct publication *next; /* of those whose replicas are awaited */
    entry_id id;
    int is_asked; /* the WAIT that is out is about it, too */
} publication;

/* The words of XADD; fields: from where the fields begin. */
typedef struct command {
    sse_str words[WORDS_MAX];
    size_t count, fields;
    char type[ENTRY_TYPE_MAX], key[TEXT_MAX], tag[TEXT_MAX], nonce[33], most[24];
} command;

static void gone(errand *e)
{
    ((publication *)e)->client = NULL;
}

static int has_origin(const question *q)
{
    const sse_str origin = request_field(q->request, "Origin");
    const char *const known = access_origin(q->clients->access, q->request);
    sse_str host = origin;

    if (origin.len == 0 || (known && (strcmp(known, "*") == 0 || text_is(origin, known))))
        return 1;
    text_cut(&host, '/'); /* http:, nothing, the host */
    text_cut(&host, '/');
    return host.len > 0 && host.len == q->request->host.len &&
           memcmp(host.ptr, q->request->host.ptr, host.len) == 0;
}

/* Read a parameter of the query. Returns 0, or -1 where it is too long or wrongly encoded. */
static int read_parameter(const question *q, const char *name, char *text, size_t size, size_t *len)
{
    const sse_str query = q->request->query;

    return sse_http_query(query.ptr, query.len, name, strlen(name), text, size, len) == SSE_OK ? 0
                                                                                               : -1;
}

static void add(command *c, const char *name, const char *text, size_t len)
{
    c->words[c->count++] = (sse_str){name, strlen(name)};
    c->words[c->count++] = (sse_str){text, len};
}

static int add_parameter(command *c, const question *q, const char *name, char *text, size_t size)
{
    size_t len;

    if (read_parameter(q, name, text, size, &len) != 0)
        return -1;
    if (len > 0)
        add(c, name, text, len);
    return 0;
}

static void add_nonce(command *c)
{
    unsigned char bytes[16];
    size_t i;

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        abort();
    for (i = 0; i < sizeof bytes; i++)
        sprintf(c->nonce + 2 * i, "%02x", bytes[i]);
    add(c, "nonce", c->nonce, 32);
}

/* Make XADD of a request. Returns 0, or -1 where a parameter is wrong. */
static int make_command(command *c, const question *q, const stream *s)
{
    const char *const filter = options_filter(s->options);
    size_t len;

    c->count = 0;
    add(c, "XADD", s->key, strlen(s->key));
    if (s->options->max_len > 0) {
        len = (size_t)sprintf(c->most, "%lu", (unsigned long)s->options->max_len);
        add(c, "MAXLEN", "~", 1);
        c->words[c->count++] = (sse_str){c->most, len};
    }
    c->words[c->count++] = (sse_str){"*", 1};
    c->fields = c->count;
    add(c, "data", q->body.ptr, q->body.len);
    if (add_parameter(c, q, "event", c->type, sizeof c->type) != 0 ||
        add_parameter(c, q, "key", c->key, sizeof c->key) != 0 ||
        add_parameter(c, q, filter, c->tag, sizeof c->tag) != 0)
        return -1;
    add_nonce(c);
    return 0;
}

int publish_check(const question *q)
{
    relay *const r = q->clients->program;
    const stream *const s = relay_stream(r, q->request->query);
    char type[ENTRY_TYPE_MAX];
    command c;
    size_t len;

    if (!r->options.publish || s == NULL)
        return 404;
    if (!has_origin(q))
        return 403;
    if (make_command(&c, q, s) != 0 || read_parameter(q, "event", type, sizeof type, &len) != 0 ||
        (len > 0 && !entry_is_type((sse_str){type, len})))
        return 400;
    return 200;
}

/* Answer, and forget the publication. text: JSON. */
static void answer(publication *p, enum stream_publish result, const char *text)
{
    client *const c = p->client;

    p->stream->counts.published[result]++;
    free(p);
    if (c) {
        c->errand = NULL;
        client_answer(c, result == PUBLISH_OK ? 200 : 503, "Content-Type: application/json\r\n",
                      text, strlen(text));
    }
}

static void answer_id(publication *p, enum stream_publish result)
{
    char id[ENTRY_ID_MAX + 1], text[ENTRY_ID_MAX + 64];

    entry_id_write(&p->id, id);
    sprintf(text, "{%s\"id\":\"%s\"}\n", result == PUBLISH_OK ? "" : "\"error\":\"replicas\",", id);
    answer(p, result, text);
}

/* Redis has refused: the first word of its error says why. */
static void refuse(publication *p, const redisReply *reply)
{
    const size_t len = strspn(reply->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    char text[80];

    sprintf(text, "{\"error\":\"%.*s\"}\n", (int)(len < 40 ? len : 40), reply->str);
    answer(p, PUBLISH_REFUSED, text);
}

static void ask_replicas(stream *s);

static void take_replicas(void *user, const redisReply *reply)
{
    stream *const s = user;
    const int enough = reply && reply->type == REDIS_REPLY_INTEGER &&
                       reply->integer >= (long long)s->options->wait;
    publication **at = &s->adding;

    s->awaits_replicas = 0;
    while (*at) {
        publication *const p = *at;

        if (reply && !p->is_asked) {
            at = &p->next;
        } else {
            *at = p->next;
            answer_id(p, enough ? PUBLISH_OK : PUBLISH_UNCONFIRMED);
        }
    }
    if (s->adding)
        ask_replicas(s);
}

/* One WAIT is out at a time, about all that has been added before. */
static void ask_replicas(stream *s)
{
    char replicas[24];
    const char *words[] = {"WAIT", replicas, "1000"};
    publication *p;

    if (s->awaits_replicas)
        return;
    for (p = s->adding; p; p = p->next)
        p->is_asked = 1;
    sprintf(replicas, "%lu", (unsigned long)s->options->wait);
    s->awaits_replicas = 1;
    conn_command(&s->adds.conn, take_replicas, s, 3, words, NULL);
}

static void take_added(void *user, const redisReply *reply)
{
    publication *const p = user;
    stream *const s = p->stream;
    const uint64_t hash = p->id.hash;

    if (reply == NULL) {
        answer(p, PUBLISH_UNKNOWN, "{\"error\":\"unknown\"}\n");
    } else if (reply->type == REDIS_REPLY_ERROR) {
        refuse(p, reply);
    } else if (entry_id_read(&p->id, reply->str, reply->len) != 0) {
        answer(p, PUBLISH_UNKNOWN, "{\"error\":\"unknown\"}\n");
    } else {
        p->id.hash = hash;
        if (s->options->wait == 0) {
            answer_id(p, PUBLISH_OK);
            return;
        }
        p->next = s->adding;
        s->adding = p;
        ask_replicas(s);
    }
}

int publish_begin(client *c, const question *q)
{
    stream *const s = relay_stream(q->clients->program, q->request->query);
    publication *const p = calloc(1, sizeof *p);
    const char *words[WORDS_MAX];
    size_t lens[WORDS_MAX], i;
    command cmd;

    if (p == NULL || make_command(&cmd, q, s) != 0) {
        free(p);
        return SSE_E_STATE;
    }
    p->errand.gone = gone;
    p->client = c;
    p->stream = s;
    p->id.hash = entry_hash(cmd.words + cmd.fields, cmd.count - cmd.fields);
    c->errand = p;
    if (s->state != STREAM_LIVE || !s->adds.conn.is_up) {
        answer(p, PUBLISH_REFUSED, "{\"error\":\"offline\"}\n");
        return SSE_OK;
    }
    for (i = 0; i < cmd.count; i++) {
        words[i] = cmd.words[i].ptr;
        lens[i] = cmd.words[i].len;
    }
    conn_command(&s->adds.conn, take_added, p, (int)cmd.count, words, lens);
    return SSE_OK;
}
