/* SPDX-License-Identifier: MIT */
/* test_history_format.c - a history in memory, number by number: as a program leaves it, so the
 * next one finds it, which may be another version of the library, or made by another compiler. */
#include "../src/history_layout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { EVENTS = 4, ROOM = 200 };

/* The memory of a history. The next program works out the members `anew` by itself, and takes
 * epoch, born and end for no more than a hint which ids the last run has given. */
typedef struct image {
    uint64_t magic, size;
    uint32_t events, flags;
    uint64_t check; /* over the above */
    uint64_t epoch, born, end;
    uint64_t anew[5];
    struct slot {
        uint64_t number, check; /* over the number, what is below, and the bytes */
        uint64_t tag, key, time_ms;
        uint32_t at, len, id_at, id_len;
        uint64_t anew[2];
    } slots[EVENTS];
    uint32_t anew_too[2 * EVENTS];
    char room[ROOM];
    char after[4];
} image;

enum { SIZE = offsetof(image, after) };

static image one;

/* The checksum is a part of the format: it is written down here once more, so that no change of it
 * goes unnoticed. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

static uint64_t mix_bytes(uint64_t sum, const void *bytes, size_t len)
{
    const char *p = bytes;
    uint64_t word;

    for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
        memcpy(&word, p, sizeof word);
        sum = mix(sum, word);
    }
    word = 0;
    memcpy(&word, p, len);
    return mix(sum, word);
}

static uint64_t check_of(const image *real, const struct slot *slot)
{
    uint64_t sum = mix(real->check, slot->number);

    sum = mix_bytes(sum, &slot->tag, 3 * sizeof(uint64_t) + 4 * sizeof(uint32_t));
    return mix_bytes(sum, (const char *)real + offsetof(image, room) + slot->at, slot->len);
}

/* Write an empty history of such flags. */
static void write_history(image *real, uint32_t flags)
{
    memset(real, 0, sizeof *real);
    real->magic = UINT64_C(0x3274736968657373);
    real->size = ROOM;
    real->events = EVENTS;
    real->flags = flags;
    real->check = mix_bytes(0, real, 24);
}

/* Write an event with this number, whose bytes, and the id in them, are at such places. */
static void write_event_with(image *real, uint64_t number, uint32_t at, const char *bytes,
                             uint32_t id_at, uint32_t id_len)
{
    struct slot *const slot = &real->slots[number % EVENTS];

    slot->number = number;
    slot->tag = 2;
    slot->key = 3;
    slot->time_ms = 4;
    slot->at = at;
    slot->len = (uint32_t)strlen(bytes);
    slot->id_at = id_at;
    slot->id_len = id_len;
    memcpy((char *)real + offsetof(image, room) + at, bytes, slot->len);
    slot->check = check_of(real, slot);
}

static void write_event(image *real, uint64_t number, uint32_t at, const char *bytes)
{
    write_event_with(real, number, at, bytes, 4, 1);
}

static sse_history *open_history(image *real, uint32_t flags)
{
    sse_history *const opened = sse_history_open(real, SIZE, EVENTS, flags, 0, NULL, 0);

    assert_ptr_equal(opened, real);
    return opened;
}

static void assert_holds(const sse_history *real, uint64_t first, uint64_t end)
{
    assert_int_equal(sse_history_first(real), first);
    assert_int_equal(sse_history_next(real), end);
}

static void append(sse_history *real, uint64_t key, const char *id, const char *text)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};

    if (strlen(id) > 0) {
        ev.id.ptr = id;
        ev.id.len = strlen(id);
    }
    ev.data.ptr = text;
    ev.data.len = strlen(text);
    assert_int_equal(sse_history_append(real, &ev, 2, key, 4), SSE_OK);
}

static void assert_find(const sse_history *real, const char *id, int status, uint64_t want)
{
    uint64_t next;

    assert_int_equal(sse_history_find(real, id, strlen(id), &next), status);
    assert_int_equal(next, want);
}

static void a_history_is_written_in_its_format(void **state)
{
    static image left;
    sse_history *const real = sse_history_init(&left, SIZE, EVENTS, 0, 0, NULL, 0);
    char id[SSE_HISTORY_ID_MAX + 1] = "";
    size_t i;

    (void)state;
    assert_int_equal(SIZE, SSE_HISTORY_OVERHEAD + EVENTS * SSE_HISTORY_SLOT + ROOM);
    append(real, 3, "a", "x");
    append(real, 3, "b", "yy");
    append(real, 3, "", "z");
    write_history(&one, 0);
    write_event(&one, 1, 0, "id: a\ndata: x\n\n");
    write_event(&one, 2, 15, "id: b\ndata: yy\n\n");
    write_event_with(&one, 3, 31, "data: z\n\n", 0, 0);
    one.born = 1;
    one.end = 4;
    assert_memory_equal(&left, &one, offsetof(image, anew));
    for (i = 0; i < EVENTS; i++)
        assert_memory_equal(&left.slots[i], &one.slots[i], offsetof(struct slot, anew));
    assert_memory_equal(left.room, one.room, 40);

    assert_int_equal(sse_history_expire(real, UINT64_MAX), SSE_OK);
    for (i = 0; i < EVENTS; i++)
        assert_int_equal(left.slots[i].number, 0);

    assert_non_null(sse_history_init(&left, SIZE, EVENTS, SSE_HISTORY_CHUNKED, 1, "a", 1));
    write_history(&one, 0x30); /* chunks, automatic ids */
    assert_int_equal(sse_history_id((sse_history *)&left, 0, id, SSE_HISTORY_ID_MAX, &i), SSE_OK);
    one.epoch = strtoull(id, NULL, 16);
    one.born = one.end = 1;
    assert_memory_equal(&left, &one, offsetof(image, anew));
}

static void a_history_is_found_by_its_format(void **state)
{
    const sse_history *real;

    (void)state;
    write_history(&one, 0);
    assert_holds(open_history(&one, 0), 1, 1);
    write_event(&one, 7, 20, "id: a\ndata: x\n\n");
    write_event(&one, 8, 35, "id: b\ndata: yy\n\n");
    real = open_history(&one, 0);
    assert_holds(real, 7, 9);
    assert_find(real, "a", SSE_OK, 8);
    assert_find(real, "b", SSE_OK, 9);
}

/* As when numbers, places or bytes of two lives of a history are mixed. */
static void an_event_that_contradicts_its_neighbours_is_dropped(void **state)
{
    (void)state;
    write_history(&one, 0);
    write_event(&one, 7, 0, "data\n\n");
    one.slots[2] = one.slots[3]; /* where 7 does not belong */
    one.slots[3].number = 0;
    assert_holds(open_history(&one, 0), 1, 1);

    write_history(&one, 0);
    write_event(&one, 2, 0, "data\n\n"); /* where 6 should be */
    write_event(&one, 7, 6, "data\n\n");
    assert_holds(open_history(&one, 0), 7, 8);

    write_history(&one, 0);
    write_event(&one, 5, 0, ":a\n:bc\n\n");
    write_event(&one, 4, 3, ":bc\n\n"); /* where it could be no more */
    assert_holds(open_history(&one, 0), 5, 6);
    write_event(&one, 4, 8, ":bc\n\n");
    assert_holds(open_history(&one, 0), 4, 6);
}

/* Though its bytes come to be there in the end, as those of another event. */
static void a_dropped_event_does_not_come_back_when_its_bytes_do(void **state)
{
    static const char again[] = "data: again\n\n";
    static const uint32_t no_names[2 * EVENTS];
    sse_history *real;

    (void)state;
    write_history(&one, 0);
    write_event(&one, 3, 0, "data\n\n");
    write_event(&one, 5, 6, "data\n\n");
    write_event(&one, 8, 12, again);
    write_event(&one, 6, 30, again);
    memset(one.room + 12, 0, 100);
    memset(one.anew_too, 0xA5, sizeof one.anew_too);
    real = open_history(&one, 0);
    assert_holds(real, 5, 6);
    assert_int_equal(one.slots[0].number, 0);
    assert_int_equal(one.slots[2].number, 0);
    assert_int_equal(one.slots[3].number, 0);
    append(real, 0, "", "again");
    assert_memory_equal(one.room + 12, again, sizeof again - 1);
    real = open_history(&one, 0);
    assert_holds(real, 5, 7);

    assert_int_equal(sse_history_expire(real, UINT64_MAX), SSE_OK);
    memset(one.anew_too, 0xA5, sizeof one.anew_too);
    assert_holds(open_history(&one, 0), 1, 1);
    assert_memory_equal(one.anew_too, no_names, sizeof no_names);
}

/* The header is not under a checksum. What it says must fit to the events, and then opens the way
 * to no more than the ids of the run that it names. */
static void the_header_names_the_run_before(void **state)
{
    static const struct hint {
        uint64_t born, end;
        const char *id;
        uint64_t want; /* 0: it is not found */
    } hints[] = {
        {5, 9, "abc-3", 0},
        {5, 9, "abc-4", 5},
        {5, 9, "abc-6", 7},
        {5, 9, "abc-8", 9},
        {5, 9, "abc-9", 0},
        {5, 9, "abd-6", 0},
        {5, 8, "abc-6", 0}, /* not the end of the events */
        {5, 10, "abc-6", 0},
        {0, 9, "abc-0", 1}, /* impossible */
        {0, 9, "abc-18446744073709551615", 0},
        {0, 0, "abc-0", 0},
        {9, 9, "abc-7", 0}, /* it had no event */
        {9, 9, "abc-8", 9},
        {10, 9, "abc-8", 0}, /* impossible */
        {10, 9, "abc-9", 0},
        {UINT64_MAX, 9, "abc-8", 0},
        {UINT64_MAX, UINT64_MAX, "abc-8", 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        const sse_history *real;

        write_history(&one, 0x20);
        write_event(&one, 7, 20, "id: a\ndata: x\n\n");
        write_event(&one, 8, 35, "id: b\ndata: yy\n\n");
        one.epoch = 0xabc;
        one.born = hints[i].born;
        one.end = hints[i].end;
        real = sse_history_open(&one, SIZE, EVENTS, 0, 1, "a", 1);
        assert_non_null(real);
        assert_holds(real, 7, 9);
        assert_find(real, hints[i].id, hints[i].want ? SSE_OK : SSE_GAP,
                    hints[i].want ? hints[i].want : 7);
    }
}

/* Else a raw history would hold a chunk, when a file has parts of two lives of a history. */
static void an_event_of_a_history_with_other_flags_is_dropped(void **state)
{
    uint32_t flags;

    (void)state;
    for (flags = 0; flags <= SSE_HISTORY_CHUNKED; flags += SSE_HISTORY_CHUNKED) {
        write_history(&one, flags ^ SSE_HISTORY_CHUNKED);
        write_event(&one, 2, 0, "id: a\ndata: x\n\n");
        one.flags = flags;
        one.check = mix_bytes(0, &one, 24);
        assert_holds(open_history(&one, flags), 1, 1);
        write_event(&one, 2, 0, "id: a\ndata: x\n\n");
        assert_holds(open_history(&one, flags), 2, 3);
    }
}

/* They begin with 1, and those that follow have numbers, too. */
static void an_event_with_an_impossible_number_is_dropped(void **state)
{
    static const struct number {
        uint64_t number;
        int known;
    } numbers[] = {{0, 0}, {1, 1}, {UINT64_MAX / 2, 1}, {UINT64_MAX / 2 + 1, 0}, {UINT64_MAX, 0}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const uint64_t first = numbers[i].known ? numbers[i].number : 1;

        write_history(&one, 0);
        write_event(&one, numbers[i].number, 0, "id: a\ndata: x\n\n");
        assert_holds(open_history(&one, 0), first, first + (uint64_t)numbers[i].known);
    }
}

static void an_event_whose_bytes_or_id_lie_outside_is_dropped(void **state)
{
    static const struct place {
        uint32_t at;
        const char *bytes;
        uint32_t id_at, id_len;
        int inside;
    } places[] = {
        {0, "data\n\n", 0, 0, 1},
        {0, "", 0, 0, 0}, /* nothing: it would be an empty offer */
        {0, "\n", 0, 0, 1},
        {ROOM - 6, "data\n\n", 0, 0, 1},
        {ROOM - 5, "data\n\n", 0, 0, 0},
        {ROOM, "\n", 0, 0, 0},
        {0, "id: a\n\n", 4, 3, 1},
        {0, "id: a\n\n", 4, 4, 0},
        {0, "id: a\n\n", 7, 0, 1},
        {0, "id: a\n\n", 8, 0, 0},
        {0, "id: a\n\n", 0, 7, 1},
        {0, "id: a\n\n", 8, UINT32_MAX, 0},
        {0, "id: a\n\n", UINT32_MAX, 1, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct place *const p = &places[i];

        write_history(&one, 0);
        write_event_with(&one, 5, p->at, p->bytes, p->id_at, p->id_len);
        assert_holds(open_history(&one, 0), p->inside ? 5 : 1, p->inside ? 6 : 1);
    }
}

/* Whatever shares a place with it in the tables, which hold the low half of a number: 0 is that of
 * this one, and of none. */
static void event_4294967296_is_found_like_any_other(void **state)
{
    const uint64_t round = UINT64_C(1) << 32;
    char unknown[2] = "A";
    uint64_t key;

    (void)state;
    for (key = 2; key < 40; key++) {
        sse_history *real;

        write_history(&one, 0);
        write_event(&one, round - 3, 0, "id: z\n\n");
        real = open_history(&one, 0);
        assert_holds(real, round - 3, round - 2);
        append(real, 0, "", "still 32 bits");
        append(real, 0, "", "the last of these");
        assert_int_equal(sse_history_next(real), round);
        append(real, 1, key % 2 ? "a" : "", "old");
        assert_find(real, "a", key % 2 ? SSE_OK : SSE_GAP, key % 2 ? round + 1 : round - 3);
        append(real, 1, "", "newer");
        append(real, key, "b", "other");
        append(real, 1, "c", "newest");
        assert_int_equal(sse_history_first(real), round);
        for (unknown[0] = 'A'; unknown[0] <= 'Z'; unknown[0]++)
            assert_find(real, unknown, SSE_GAP, round);
        assert_find(real, "", SSE_GAP, round);
        assert_find(real, "b", SSE_OK, round + 3);
        assert_find(real, "c", SSE_OK, round + 4);
        assert_int_equal(sse_history_slot(real, round)->newer, round + 1);
        assert_int_equal(sse_history_slot(real, round + 1)->newer, round + 3);
        assert_int_equal(sse_history_slot(real, round + 2)->newer, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_is_written_in_its_format),
        cmocka_unit_test(a_history_is_found_by_its_format),
        cmocka_unit_test(an_event_that_contradicts_its_neighbours_is_dropped),
        cmocka_unit_test(a_dropped_event_does_not_come_back_when_its_bytes_do),
        cmocka_unit_test(the_header_names_the_run_before),
        cmocka_unit_test(an_event_of_a_history_with_other_flags_is_dropped),
        cmocka_unit_test(an_event_with_an_impossible_number_is_dropped),
        cmocka_unit_test(an_event_whose_bytes_or_id_lie_outside_is_dropped),
        cmocka_unit_test(event_4294967296_is_found_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
