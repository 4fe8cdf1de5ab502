/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include "../serve/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sse_str range(const redisReply *r)
{
    if (r->type != REDIS_REPLY_STRING && r->type != REDIS_REPLY_STATUS)
        return (sse_str){NULL, 0};
    return (sse_str){r->str, r->len};
}

const char *reply_error(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    return reply->type == REDIS_REPLY_ARRAY ? NULL : "an answer of another kind";
}

/* Find "name:value" in the lines of INFO. */
static sse_str info_value(sse_str text, const char *name)
{
    while (text.len > 0) {
        sse_str line = text_line(&text);

        if (text_is(text_cut(&line, ':'), name))
            return line;
    }
    return (sse_str){NULL, 0};
}

const char *reply_read_info(const redisReply *reply, reply_info *info)
{
    const sse_str text = range(reply), id = info_value(text, "master_replid");

    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    if (id.ptr == NULL || id.len >= sizeof info->replid)
        return "INFO has no master_replid";
    info->is_primary = text_is(info_value(text, "role"), "master");
    memcpy(info->replid, id.ptr, id.len);
    info->replid[id.len] = '\0';
    return NULL;
}

/* Ask for entries and INFO, and for XINFO of a key that is not NULL. */
static void ask(conn *l, conn_reply *take, void *user, const char *of, const char **entries)
{
    const char *multi[] = {"MULTI"}, *info[] = {"INFO", "replication"}, *exec[] = {"EXEC"};
    const char *xinfo[] = {"XINFO", "STREAM", of};

    conn_command(l, NULL, NULL, 1, multi, NULL);
    conn_command(l, NULL, NULL, 6, entries, NULL);
    conn_command(l, NULL, NULL, 2, info, NULL);
    if (of)
        conn_command(l, NULL, NULL, 3, xinfo, NULL);
    conn_command(l, take, user, 1, exec, NULL);
}

void reply_ask_probe(conn *l, conn_reply *take, void *user, const char *key, const char *command,
                     const char *from, const char *to, size_t count)
{
    char number[24];
    const char *entries[] = {command, key, from, to, "COUNT", number};

    sprintf(number, "%zu", count);
    ask(l, take, user, key, entries);
}

void reply_ask_page(conn *l, conn_reply *take, void *user, const char *key, const char *from,
                    size_t count)
{
    char number[24];
    const char *entries[] = {"XRANGE", key, from, "+", "COUNT", number};

    sprintf(number, "%zu", count);
    ask(l, take, user, NULL, entries);
}

static void read_id(const redisReply *r, entry_id *id)
{
    const sse_str text = range(r);

    if (text.ptr == NULL || entry_id_read(id, text.ptr, text.len) != 0)
        *id = (entry_id){0, 0, 0};
}

static void read_first(const redisReply *r, entry_id *id)
{
    if (r->type == REDIS_REPLY_ARRAY && r->elements > 0)
        read_id(r->element[0], id);
}

/* Read XINFO: names and values in turn. Returns whether it counts what was added. */
static int read_stream(const redisReply *r, reply_probe *p)
{
    int has_added = 0;
    size_t i;

    for (i = 0; i + 1 < r->elements; i += 2) {
        const sse_str name = range(r->element[i]);
        const redisReply *const value = r->element[i + 1];

        if (text_is(name, "length"))
            p->length = (uint64_t)value->integer;
        else if (text_is(name, "last-generated-id"))
            read_id(value, &p->last);
        else if (text_is(name, "max-deleted-entry-id"))
            read_id(value, &p->deleted);
        else if (text_is(name, "entries-added"))
            p->added = (uint64_t)value->integer;
        else if (text_is(name, "first-entry"))
            read_first(value, &p->first);
        has_added |= text_is(name, "entries-added");
    }
    return has_added;
}

/* Read XINFO, or that there is no such key. */
static void read_xinfo(const redisReply *r, reply_probe *p)
{
    const char *const error = r->type == REDIS_REPLY_ERROR ? r->str : NULL;

    p->has_stream = 1;
    if (r->type == REDIS_REPLY_ARRAY && !read_stream(r, p))
        p->error = "it is older than Redis 7";
    else if (r->type != REDIS_REPLY_ARRAY && error == NULL)
        p->error = "an answer of another kind";
    else if (error && strncmp(error, "ERR no such key", 15) != 0)
        p->error = error;
}

int reply_read_probe(const conn *l, const redisReply *reply, reply_probe *p)
{
    *p = (reply_probe){.error = reply_error(reply)};
    if (p->error && l->error[0])
        p->error = l->error;
    if (p->error == NULL && (reply->elements < 2 || reply->elements > 3))
        p->error = "an answer of another kind";
    if (p->error == NULL)
        p->error = reply_error(reply->element[0]);
    if (p->error == NULL)
        p->error = reply_read_info(reply->element[1], &p->info);
    if (p->error)
        return -1;
    p->entries = reply->element[0];
    if (reply->elements == 3)
        read_xinfo(reply->element[2], p);
    return p->error ? -1 : 0;
}

int reply_is_complete(const reply_probe *p)
{
    return p->added == p->length && p->deleted.ms == 0 && p->deleted.seq == 0;
}

/* The memory of the fields of one entry. */
static sse_str *fields_of(size_t count)
{
    static sse_str *fields;
    static size_t size;
    sse_str *more;

    if (count > size) {
        more = realloc(fields, count * sizeof *fields);
        if (more == NULL)
            abort();
        fields = more;
        size = count;
    }
    return fields;
}

/* The fields of an entry of a list, or NULL where there is none. */
static const redisReply *list_of(const redisReply *entries, size_t index)
{
    const redisReply *const r = index < entries->elements ? entries->element[index] : NULL;

    return r && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
                   r->element[1]->type == REDIS_REPLY_ARRAY
               ? r->element[1]
               : NULL;
}

size_t reply_bytes(const redisReply *entries, size_t from)
{
    const redisReply *list;
    size_t i, j, bytes = 0;

    for (i = from; (list = list_of(entries, i)) != NULL; i++) {
        bytes += range(entries->element[i]->element[0]).len;
        for (j = 0; j < list->elements; j++)
            bytes += range(list->element[j]).len;
    }
    return bytes;
}

int reply_entry(const redisReply *entries, size_t index, entry *e)
{
    const redisReply *const list = list_of(entries, index);
    sse_str *fields;
    size_t i;

    if (list == NULL)
        return -1;
    fields = fields_of(list->elements + 1);
    for (i = 0; i < list->elements; i++)
        fields[i] = range(list->element[i]);
    read_id(entries->element[index]->element[0], &e->id);
    e->fields = fields;
    e->count = list->elements;
    e->id.hash = entry_hash(fields, e->count);
    return 0;
}
