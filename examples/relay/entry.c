/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "entry.h"

#include "../serve/text.h"
#include "siphash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const uint64_t fnv_start = UINT64_C(0xcbf29ce484222325), fnv_prime = 0x100000001b3;

/* Read a number up to a byte that is no digit. Returns the bytes read; 0: there is no number that
 * Redis would have written. */
static size_t read_number(const char *text, size_t len, uint64_t *n)
{
    size_t i;

    *n = 0;
    for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        const uint64_t digit = (uint64_t)(text[i] - '0');

        if (*n > (UINT64_MAX - digit) / 10)
            return 0;
        *n = *n * 10 + digit;
    }
    return i > 1 && text[0] == '0' ? 0 : i;
}

int entry_id_read(entry_id *id, const char *text, size_t len)
{
    const size_t a = read_number(text, len, &id->ms);
    size_t b;

    id->hash = 0;
    if (a == 0 || a == len || text[a] != '-')
        return -1;
    b = read_number(text + a + 1, len - a - 1, &id->seq);
    return b > 0 && a + 1 + b == len ? 0 : -1;
}

static int read_hash(uint64_t *hash, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    int i;

    *hash = 0;
    for (i = 0; i < 16; i++) {
        const char *const digit = text[i] ? strchr(digits, text[i]) : NULL;

        if (digit == NULL)
            return -1;
        *hash = *hash << 4 | (uint64_t)(digit - digits);
    }
    return 0;
}

int entry_id_parse(entry_id *id, const char *text, size_t len)
{
    uint64_t hash;

    if (len < 17 || text[len - 17] != '.' || read_hash(&hash, text + len - 16) != 0 ||
        entry_id_read(id, text, len - 17) != 0)
        return -1;
    id->hash = hash;
    return 0;
}

size_t entry_id_write(const entry_id *id, char text[ENTRY_ID_MAX + 1])
{
    return (size_t)sprintf(text, "%" PRIu64 "-%" PRIu64 ".%016" PRIx64, id->ms, id->seq, id->hash);
}

int entry_id_order(const entry_id *a, const entry_id *b)
{
    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

int entry_id_same(const entry_id *a, const entry_id *b)
{
    return entry_id_order(a, b) == 0 && a->hash == b->hash;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *const at = bytes;
    size_t i;

    for (i = 0; i < len; i++)
        hash = (hash ^ at[i]) * fnv_prime;
    return hash;
}

uint64_t entry_hash(const sse_str *fields, size_t count)
{
    uint64_t hash = fnv_start;
    unsigned char len[8];
    size_t i, byte;

    for (i = 0; i < count; i++) {
        for (byte = 0; byte < 8; byte++)
            len[byte] = (unsigned char)((uint64_t)fields[i].len >> 8 * byte);
        hash = mix(mix(hash, len, sizeof len), fields[i].ptr, fields[i].len);
    }
    return hash ? hash : 1;
}

uint64_t entry_number(sse_str value)
{
    static uint64_t secret[2];
    uint64_t number;

    if (secret[0] == 0 && getrandom(secret, sizeof secret, 0) != sizeof secret)
        abort();
    number = siphash(secret, value.ptr, value.len);
    return number ? number : 1;
}

sse_str entry_field(const entry *e, const char *name)
{
    size_t i;

    for (i = 0; i + 1 < e->count; i += 2) {
        if (text_is(e->fields[i], name))
            return e->fields[i + 1];
    }
    return (sse_str){NULL, 0};
}

/* The bytes of the character at text, which is not ASCII; 0: it is not UTF-8. */
static size_t character(const char *text, size_t len)
{
    size_t n;

    for (n = 2; n <= 4 && n <= len; n++) {
        if (sse_utf8_valid(text, n))
            return n;
    }
    return 0;
}

size_t entry_escape(char *dst, sse_str text)
{
    size_t len = 0, i = 0;

    while (i < text.len) {
        const unsigned char c = (unsigned char)text.ptr[i];
        const size_t n = c < 0x80 ? 1 : character(text.ptr + i, text.len - i);

        if (n == 0) {
            len += (size_t)sprintf(dst + len, "\\ufffd");
        } else if (c < ' ' || c == 0x7F || c == '"' || c == '\\') {
            len += (size_t)sprintf(dst + len, "\\u%04x", c);
        } else {
            memcpy(dst + len, text.ptr + i, n);
            len += n;
        }
        i += n ? n : 1;
    }
    return len;
}

static int is_own_field(sse_str name, const char *filter)
{
    return text_is(name, "event") || text_is(name, "key") || text_is(name, "nonce") ||
           text_is(name, filter);
}

/* Make room for len bytes. Returns 0, or -1 where there is no memory. */
static int reserve(entry_memory *memory, size_t len)
{
    char *const more = memory->size < len ? realloc(memory->bytes, len) : memory->bytes;

    if (more == NULL)
        return -1;
    memory->size = memory->size < len ? len : memory->size;
    memory->bytes = more;
    return 0;
}

/* Write the fields that have no meaning of their own as a JSON object. */
static int write_json(const entry *e, const char *filter, entry_memory *memory, sse_str *json)
{
    size_t most = 3, len = 0, i;
    char *to;

    for (i = 0; i < e->count; i++)
        most += 6 * e->fields[i].len + 4;
    if (reserve(memory, most) != 0)
        return -1;
    to = memory->bytes;
    to[len++] = '{';
    for (i = 0; i + 1 < e->count; i += 2) {
        if (is_own_field(e->fields[i], filter))
            continue;
        len += (size_t)sprintf(to + len, "%s\"", len > 1 ? "," : "");
        len += entry_escape(to + len, e->fields[i]);
        len += (size_t)sprintf(to + len, "\":\"");
        len += entry_escape(to + len, e->fields[i + 1]);
        to[len++] = '"';
    }
    to[len++] = '}';
    *json = (sse_str){to, len};
    return 0;
}

int entry_is_type(sse_str type)
{
    return type.len > 0 && type.len <= ENTRY_TYPE_MAX && sse_type_valid(type.ptr, type.len) &&
           !text_is(type, "gap") && !text_is(type, "place") && !text_is(type, "retry");
}

int entry_to_event(const entry *e, const char *filter, entry_event *made, entry_memory *memory)
{
    const sse_str type = entry_field(e, "event"), tag = entry_field(e, filter),
                  key = entry_field(e, "key");

    *made = (entry_event){.ev.data = entry_field(e, "data")};
    made->ev.id = (sse_str){made->id, entry_id_write(&e->id, made->id)};
    if (entry_is_type(type))
        made->ev.type = type;
    made->tag = tag.ptr ? entry_number(tag) : 0;
    made->key = key.ptr ? entry_number(key) : 0;
    return made->ev.data.ptr ? 0 : write_json(e, filter, memory, &made->ev.data);
}
