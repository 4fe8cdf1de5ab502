/* SPDX-License-Identifier: MIT */
/* seeds.c - write the test vectors as inputs of a fuzz target.
 *
 *     seeds event|writer|history|history_image|http|channel FOLDER
 *
 * An input is a script, see fuzz.h: numbers and texts, each a byte or more. */
#include "sse/sse.h"

#include "../vectors/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEED_MAX = 1024, TEXT_MAX = 255 };

static const char *folder;
static unsigned written;
static unsigned char seed[SEED_MAX];
static size_t len;

static void add(unsigned byte)
{
    if (len < SEED_MAX)
        seed[len++] = (unsigned char)byte;
}

static void add_text(sse_str text)
{
    size_t i;

    if (text.len > TEXT_MAX)
        text.len = TEXT_MAX;
    add((unsigned)text.len);
    for (i = 0; i < text.len; i++)
        add((unsigned char)text.ptr[i]);
}

/* An event, as take_event reads it. */
static void add_event(const sse_event *ev)
{
    unsigned shift;

    add((ev->comment.ptr != NULL) * 1u + (ev->id.ptr != NULL) * 2u + (ev->type.ptr != NULL) * 4u +
        (ev->data.ptr != NULL) * 8u + (ev->retry_ms > 0) * 16u);
    if (ev->comment.ptr)
        add_text(ev->comment);
    if (ev->id.ptr)
        add_text(ev->id);
    if (ev->type.ptr)
        add_text(ev->type);
    for (shift = 64; ev->retry_ms > 0 && shift > 0; shift -= 8)
        add((unsigned)((uint64_t)ev->retry_ms >> (shift - 8) & 0xFF));
    if (ev->data.ptr)
        add_text(ev->data);
}

static void write_seed(void)
{
    char name[1024];
    FILE *file;

    snprintf(name, sizeof name, "%s/%03u", folder, written++);
    file = fopen(name, "wb");
    if (file == NULL || fwrite(seed, 1, len, file) != len || fclose(file) != 0) {
        perror(name);
        exit(1);
    }
    len = 0;
}

/* Each target's calls that take an event, ahead of it. */
static void begin_event(const char *target)
{
    static const unsigned char writer[] = {1, 2, 0, 0}, history[] = {0, 0, 4, 2, 0, 0, 2, 7};
    size_t i;

    for (i = 0; strcmp(target, "writer") == 0 && i < sizeof writer; i++)
        add(writer[i]);
    for (i = 0; strcmp(target, "history") == 0 && i < sizeof history; i++)
        add(history[i]);
}

static void seeds_of_events(const char *target)
{
    size_t i, k;

    for (i = 0; i < emit_vector_count; i++)
        for (k = 0; k < emit_vectors[i].event_count; k++) {
            begin_event(target);
            add_event(&emit_vectors[i].events[k]);
            write_seed();
        }
    for (i = 0; i < reject_vector_count; i++) {
        begin_event(target);
        add_event(&reject_vectors[i].input);
        write_seed();
    }
}

static void seeds_of_fields(void)
{
    size_t i;

    for (i = 0; i < header_vector_count; i++) {
        const int is_accept = strcmp(header_vectors[i].field, "Accept") == 0;

        add(is_accept ? 0 : 1);
        if (!is_accept)
            add(1);
        add_text(header_vectors[i].value);
        add_text(SSE_LIT("application/json"));
        write_seed();
    }
    add(1);
    add(2);
    add_text(SSE_LIT("a=b&lastEventId=%e2%82%ac+7&last_event_id=8"));
    write_seed();
    add(4);
    add_text(SSE_LIT("?a=b&st%61rting_after=%e2%82%ac+7"));
    add_text(SSE_LIT("starting_after"));
    write_seed();
    for (i = 0; i < 8 * 5;
         i++) { /* an answer of each status, version, beginning and set of flags */
        const unsigned answer[] = {2,
                                   (unsigned)i % 3,
                                   (unsigned)i % 8,
                                   (unsigned)i / 5,
                                   (unsigned)i % 4,
                                   0,
                                   1,
                                   2,
                                   0,
                                   0,
                                   0,
                                   0,
                                   0,
                                   1,
                                   (unsigned)i % 2};
        size_t k;

        for (k = 0; k < sizeof answer / sizeof answer[0]; k++)
            add(answer[k]);
        if (i % 2)
            add_text(SSE_LIT("https://a.example"));
        write_seed();
    }
}

/* Histories of several sizes, with events of several lengths, unedited. */
static void seeds_of_images(void)
{
    unsigned i, k;

    for (i = 0; i < 16; i++) {
        add(i & 1);
        add(i >> 1 & 1);
        add(i);
        add(0);
        add(i * 16);
        add(i);
        for (k = 0; k < i; k++) {
            add(10 * k);
            add(37 * k);
        }
        add(0);
        write_seed();
    }
}

/* Any bytes are calls of a channel. */
static void seeds_of_calls(void)
{
    uint32_t number = 1;
    unsigned i, j;

    for (i = 0; i < 200; i++) {
        for (j = 0; j < SEED_MAX; j++) {
            number = number * 1664525u + 1013904223u;
            add(number >> 24);
        }
        write_seed();
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    folder = argv[2];
    if (strcmp(argv[1], "http") == 0)
        seeds_of_fields();
    else if (strcmp(argv[1], "history_image") == 0)
        seeds_of_images();
    else if (strcmp(argv[1], "channel") == 0)
        seeds_of_calls();
    else
        seeds_of_events(argv[1]);
    return written > 0 ? 0 : 1;
}
