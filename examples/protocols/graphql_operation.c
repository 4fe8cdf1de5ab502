/* SPDX-License-Identifier: MIT */
/* graphql_operation.c - operations, and their events; see graphql.h.
 *
 *     next       {...}, or {"id", "payload": {...}} on a connection that several share
 *     complete   an empty line of data, or {"id"} */
#define _GNU_SOURCE
#include "graphql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events. */

void graphql_publish(sse_channel *ch, const char *type, json_t *data)
{
    char *const text = data != NULL ? json_dumps(data, JSON_COMPACT) : NULL;
    const int status = sse_channel_publish_parts(ch, type, strlen(type), NULL, 0, text,
                                                 text ? strlen(text) : 0, 0, 0);

    if (status != SSE_OK)
        fprintf(stderr, "graphql: %s was not published: %s\n", type, sse_status_text(status));
    free(text);
    json_decref(data);
}

void graphql_give(const graphql_operation *o, json_t *result)
{
    if (o->id != NULL)
        result = json_pack("{s:s, s:o}", "id", o->id, "payload", result);
    graphql_publish(o->on->channel, "next", result);
}

void graphql_end(graphql_operation *o)
{
    graphql_operation **at = &o->on->operations;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    web_stop(&o->timer);
    free(o->id);
    free(o);
}

void graphql_complete(graphql_operation *o)
{
    sse_channel *const ch = o->on->channel;

    graphql_publish(ch, "complete", o->id != NULL ? json_pack("{s:s}", "id", o->id) : NULL);
    if (o->id == NULL)
        web_finish(ch);
    graphql_end(o);
}

/* Documents. */

static int variable(json_t *variables, const char *name, int most)
{
    const json_int_t value = json_integer_value(json_object_get(variables, name));

    return value < 1 ? 1 : value > most ? most : (int)value;
}

static void hello(graphql_operation *o, json_t *variables)
{
    (void)variables;
    graphql_give(o, json_pack("{s:{s:s}}", "data", "hello", "world"));
    graphql_complete(o);
}

static void count_on(void *user)
{
    graphql_operation *const o = user;

    graphql_give(o, json_pack("{s:{s:i}}", "data", "count", ++o->count));
    if (o->count < o->to)
        web_after(&o->timer, (uint32_t)o->every_ms);
    else
        graphql_complete(o);
}

static void count(graphql_operation *o, json_t *variables)
{
    o->to = variable(variables, "to", 1000000);
    o->every_ms = variable(variables, "everyMs", 60000);
    web_after(&o->timer, (uint32_t)o->every_ms);
}

static void wait_for_news(graphql_operation *o, json_t *variables)
{
    (void)variables;
    o->news = 1;
}

static const char news_document[] = "subscription { news }";

static const struct {
    const char *text;
    void (*run)(graphql_operation *o, json_t *variables);
} documents[] = {
    {"{ hello }", hello},
    {"subscription Count($to: Int!, $everyMs: Int!) { count(to: $to, everyMs: $everyMs) }", count},
    {news_document, wait_for_news},
};

enum { DOCUMENTS = sizeof documents / sizeof *documents };

static void refuse_document(graphql_operation *o)
{
    graphql_give(o, json_pack("{s:[{s:s}]}", "errors", "message", "Unknown document"));
    graphql_complete(o);
}

void graphql_start(graphql_connection *on, const char *id, const json_t *request)
{
    const char *const text = json_string_value(json_object_get(request, "query"));
    graphql_operation *const o = calloc(1, sizeof *o);
    size_t i = 0;

    if (o == NULL) {
        if (id == NULL)
            web_finish(on->channel);
        return;
    }
    o->on = on;
    o->id = id != NULL ? strdup(id) : NULL;
    o->timer.run = count_on;
    o->timer.user = o;
    o->next = on->operations;
    on->operations = o;
    while (i < DOCUMENTS && strcmp(documents[i].text, text) != 0)
        i++;
    if (id != NULL && o->id == NULL)
        graphql_end(o);
    else if (i < DOCUMENTS)
        documents[i].run(o, json_object_get(request, "variables"));
    else
        refuse_document(o);
}

int graphql_is_news(const json_t *request)
{
    return strcmp(json_string_value(json_object_get(request, "query")), news_document) == 0;
}
