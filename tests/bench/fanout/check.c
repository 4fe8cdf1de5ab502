/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "common.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*     id: <epoch>-<number>\ndata: <key><text>\n\n
 *     |------- head ------------||---- body ---||  */
enum { HEAD_MAX = 64, HEADS = 1024, TOLD_MAX = 256 };

#define PLACE "event: place\nid: "

static void fail(const place *p, const char *what)
{
    fprintf(stderr, "fanout: event %" PRIu64 ", byte %" PRIu32 ": %s\n", p->next, p->at, what);
    exit(EXIT_FAILURE);
}

/* The head of the first event that anybody gets tells the epoch. */
static void learn_epoch(book *b, const place *p, const char *bytes, size_t len)
{
    const char *const dash = memchr(bytes, '-', len);

    if (p->at > 0 || dash == NULL || memcmp(bytes, "id: ", 4) != 0 ||
        (size_t)(dash - bytes) - 4 >= sizeof b->epoch)
        fail(p, "no id that has an epoch");
    memcpy(b->epoch, bytes + 4, (size_t)(dash - bytes) - 4);
}

/* Clients are at about the same place, so that few heads are written more than once. */
static const char *head_of(const book *b, uint64_t number, size_t *len)
{
    static struct {
        uint64_t number;
        size_t len;
        char text[HEAD_MAX];
    } heads[HEADS];
    const size_t i = number % HEADS;

    if (heads[i].number != number) {
        heads[i].number = number;
        heads[i].len = (size_t)snprintf(heads[i].text, HEAD_MAX,
                                        "id: %s-%" PRIu64 "\ndata: ", b->epoch, number);
    }
    *len = heads[i].len;
    return heads[i].text;
}

/* See to it that an event has the key that it must have. */
static void check_key(book *b, const place *p, uint64_t last)
{
    const size_t i = p->next % BOOK;

    if (p->next > last)
        fail(p, "it was not published");
    if (b->publishers > 1 && b->seen[i].number != p->next) {
        uint64_t *const wanted = &b->wanted[p->key % b->publishers];

        if (p->key != *wanted)
            fail(p, "not the next one of its publisher");
        *wanted += b->publishers;
        b->seen[i].number = p->next;
        b->seen[i].key = p->key;
    }
    if (p->key != (b->publishers > 1 ? b->seen[i].key : p->next))
        fail(p, "not the event that was published");
}

/* Compare with what must come. Returns how much of it has come. */
static size_t compare(const place *p, const char *bytes, size_t len, const char *with, size_t most)
{
    if (len > most)
        len = most;
    if (memcmp(bytes, with, len) != 0)
        fail(p, "other bytes than were published");
    return len;
}

/* Take a part of the next event: of its head, its key, its text, or what ends it. */
static size_t take_part(book *b, place *p, uint64_t last, const char *bytes, size_t len)
{
    size_t head, at = p->at;
    const char *const text = head_of(b, p->next, &head);

    if (at < head)
        return compare(p, bytes, len, text + at, head - at);
    at -= head;
    if (at < KEY_DIGITS) {
        if (*bytes < '0' || *bytes > '9')
            fail(p, "no key");
        p->key = (at > 0 ? p->key * 10 : 0) + (uint64_t)(*bytes - '0');
        if (at + 1 == KEY_DIGITS)
            check_key(b, p, last);
        return 1;
    }
    if (at < b->size)
        return compare(p, bytes, len, body_text(p->key) + at - KEY_DIGITS, b->size - at);
    return compare(p, bytes, len, &"\n\n"[at - b->size], b -> size + 2 - at);
}

/* A place is that before the next event. */
static void take_place(const book *b, place *p)
{
    const char *const dash = strrchr(p->told, '-');
    char right[TOLD_MAX];

    snprintf(right, sizeof right, "-%" PRIu64 "\ndata: \n\n", p->next - 1);
    if (dash == NULL || strcmp(dash, right) != 0)
        fail(p, "a place that is not right");
    if (b->epoch[0] && memcmp(p->told + sizeof PLACE - 1, b->epoch, strlen(b->epoch)) != 0)
        fail(p, "a place in another stream");
}

/* A gap begins with the next event, and leads up to the one after its last. */
static void take_gap(const book *b, place *p)
{
    char right[TOLD_MAX];
    const char *const dash = strstr(p->told, "\"last\":\"");
    const char *const number = dash ? strchr(dash, '-') : NULL;
    const uint64_t to = number ? strtoull(number + 1, NULL, 10) : 0;

    snprintf(right, sizeof right,
             "event: gap\nid: %s-%" PRIu64 "\ndata: {\"first\":\"%s-%" PRIu64
             "\",\"last\":\"%s-%" PRIu64 "\",\"count\":%" PRIu64 "}\n\n",
             b->epoch, to, b->epoch, p->next, b->epoch, to, to + 1 - p->next);
    if (to < p->next || strcmp(p->told, right) != 0) {
        fprintf(stderr, "fanout: got\n%sand not\n%s", p->told, right);
        fail(p, "a gap that is not right");
    }
    p->gaps++;
    p->lost += to + 1 - p->next;
    p->next = to + 1;
}

/* Take a byte of an event that is not one of the published: a place, or a gap. */
static void take_told(const book *b, place *p, char byte)
{
    if (p->told == NULL) {
        p->told = calloc(1, TOLD_MAX);
        p->told_len = 0;
    }
    if (p->told == NULL || p->told_len == TOLD_MAX - 1)
        fail(p, "a gap or place that is too long");
    p->told[p->told_len++] = byte;
    if (p->told_len < 2 || memcmp(p->told + p->told_len - 2, "\n\n", 2) != 0)
        return;
    if (memcmp(p->told, PLACE, sizeof PLACE - 1) == 0)
        take_place(b, p);
    else
        take_gap(b, p);
    free(p->told);
    p->told = NULL;
}

void check(book *b, place *p, uint64_t last, const char *bytes, size_t len, check_seen *seen,
           void *user)
{
    while (len > 0) {
        size_t n = 1, head;

        if (p->told || (p->at == 0 && *bytes == 'e')) {
            take_told(b, p, *bytes);
        } else {
            if (b->epoch[0] == '\0')
                learn_epoch(b, p, bytes, len);
            n = take_part(b, p, last, bytes, len);
            p->at += (uint32_t)n;
            head_of(b, p->next, &head);
            if (p->at == head + b->size + 2) {
                seen(user, p->key);
                p->at = 0;
                p->next++;
            }
        }
        bytes += n;
        len -= n;
    }
}

int check_is_whole(const place *p)
{
    return p->at == 0 && p->told == NULL;
}
