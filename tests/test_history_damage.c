/* SPDX-License-Identifier: MIT */
/* test_history_damage.c - nothing in the memory of a history is trusted: whatever happened to it,
 * it is refused, or what is left are genuine events without a gap. Malice is in
 * test_history_hostile.c. */
#include "sse/history.h"

#include "dice.h"
#include "history.h"
#include "reopen.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;
static uint64_t words[SSE_HISTORY_WORDS(8, 1024)];
static unsigned char *const image = (unsigned char *)words;

#define VARIANTS 4 /* raw or chunked, the caller's ids or automatic ones */

/* A history that its ring has turned in, if count is not small. */
static void begin(uint32_t events, size_t room, int variant, int count)
{
    dice_seed((uint64_t)variant);
    history_begin(&h, events, room, variant & 1 ? SSE_HISTORY_CHUNKED : 0, variant & 2 ? 0xa : 0);
    assert_true(h.size <= sizeof words);
    for (; count > 0; count--)
        history_append(&h, 25 + h.count % 7, h.count % 2, 1 + h.count % 2, h.count * 10 + 10);
    memcpy(image, h.real, h.size);
}

/* One place is damaged, that of at most one event: the history is what is newer than it, or, where
 * it is the newest, all but that. Returns 1 if the history was refused. */
static int try_damaged_place(void)
{
    const reopened found = reopen(&h, image);

    if (found.refused)
        return 1;
    if (h.end - h.first <= 1)
        assert_true(found.first == found.end || (found.first == h.first && found.end == h.end));
    else if (found.end == h.end)
        assert_true(found.first >= h.first && found.first < found.end);
    else {
        assert_int_equal(found.end, h.end - 1);
        assert_int_equal(found.first, h.first);
    }
    return 0;
}

static void each_bit_that_flips_costs_no_more_than_its_event_and_older_ones(void **state)
{
    static const int counts[] = {0, 1, 3, 11};
    size_t i, bit, refused;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++)
        for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            begin(3, 100, variant, counts[i]);
            refused = 0;
            for (bit = 0; bit < 8 * h.size; bit++) {
                image[bit / 8] ^= (unsigned char)(1u << bit % 8);
                refused += (size_t)try_damaged_place();
                image[bit / 8] ^= (unsigned char)(1u << bit % 8);
            }
            assert_true(refused <= 8 * SSE_HISTORY_OVERHEAD);
            history_end(&h);
        }
}

static void each_byte_that_changes_leaves_genuine_events_or_none(void **state)
{
    static const unsigned char values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    size_t i, at;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(4, 130, variant, 9);
        for (at = 0; at < h.size; at++)
            for (i = 0; i < sizeof values; i++) {
                const unsigned char was = image[at];

                image[at] = values[i];
                try_damaged_place();
                image[at] = was;
            }
        history_end(&h);
    }
}

/* As a file that was cut, and filled up again. */
static void a_missing_start_or_end_leaves_genuine_events_or_none(void **state)
{
    static const int fills[] = {0x00, 0xFF};
    size_t i, at;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++)
        for (i = 0; i < 2; i++) {
            begin(4, 130, variant, 9);
            for (at = 0; at < h.size; at++) {
                memcpy(image, h.real, h.size);
                memset(image + at, fills[i], h.size - at);
                reopen(&h, image);
                memcpy(image, h.real, h.size);
                memset(image, fills[i], at + 1);
                reopen(&h, image);
            }
            history_end(&h);
        }
}

static void any_damage_leaves_genuine_events_or_none(void **state)
{
    size_t i, k, hits;

    (void)state;
    for (i = 0; i < 12000; i++) {
        if (i % 500 == 0) {
            if (i > 0)
                history_end(&h);
            begin(1 + (uint32_t)(i / 500 % 6), 64 + i / 500 * 9, (int)(i / 500 % VARIANTS),
                  (int)(i / 500));
        }
        memcpy(image, h.real, h.size);
        hits = 1 + below(12);
        for (k = 0; k < hits; k++)
            image[below(h.size)] = (unsigned char)below(256);
        reopen(&h, image);
    }
    history_end(&h);
}

/* Read all that a history has, and demand that it is, event by event, of one of two histories, or
 * of what was appended since. */
static void assert_of_either(const history *one, const history *other, const sse_history *real)
{
    const void *bytes;
    size_t len;
    uint64_t n;

    for (n = sse_history_first(real); n < sse_history_next(real); n++) {
        const past *p = &one->list[n - 1];

        assert_int_equal(sse_history_get(real, n, &bytes, &len), SSE_OK);
        if (p->stored != len || memcmp(p->bytes, bytes, len) != 0)
            p = &other->list[n - 1];
        assert_int_equal(len, p->stored);
        assert_memory_equal(bytes, p->bytes, len);
    }
}

/* Append to what was opened, until all that was there is gone. */
static void goes_round(sse_history *real, const history *one, const history *other)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};
    uint64_t next;
    int i;

    for (i = 0; i < 8; i++) {
        const past *p = &one->list[sse_history_next(real) - 1];

        ev.data = p->ev.data;
        assert_int_equal(sse_history_append(real, &ev, p->tag, p->key, p->at_ms), SSE_OK);
        assert_of_either(one, other, real);
        assert_int_equal(sse_history_find(real, p->id, p->ev.id.len, &next), SSE_OK);
        assert_int_equal(next, sse_history_next(real));
    }
}

/* All checksums are right, and yet it is no history: events of one, with their bytes, are put in
 * that of another one, whose events have the same numbers and other lengths. */
static void events_of_another_history_of_the_same_shape_do_no_harm(void **state)
{
    static history other;
    static unsigned char others[sizeof words];
    const size_t index = SSE_HISTORY_OVERHEAD + 6 * SSE_HISTORY_SLOT;
    const size_t slot = SSE_HISTORY_SLOT - 8; /* where slots are is private: this hits many */
    size_t i, k, at, taken_in = 0;
    guard g;

    (void)state;
    begin(6, 168, 2, 21);
    memcpy(image, h.real, h.size);
    history_begin(&other, 6, 168, 0, h.epoch);
    while (other.count < h.count)
        history_append(&other, 20 + other.count * 7 % 40, 1, 1, other.count * 10 + 10);
    memcpy(others, other.real, other.size);
    while (h.count < 40) { /* what is to come */
        history_append(&h, 30, 0, 1, 0);
        history_append(&other, 30, 0, 1, 0);
    }
    g = guard_before_end(h.size);
    assert_int_equal(h.size % 8, 0);
    for (i = 0; i < 30000; i++) {
        sse_history *real;

        memcpy(g.ptr, image, h.size);
        for (k = 1 + below(8); k > 0; k--) {
            const past *p = &other.list[21 - 1 - below(5)];

            at = SSE_HISTORY_OVERHEAD + below(6) * slot;
            if (below(4) == 0)
                at = below((index - slot) / 8) * 8;
            memcpy(g.ptr + at, others + at, slot);
            memcpy(g.ptr + index + p->at, others + index + p->at, p->stored);
        }
        real = sse_history_open(g.ptr, h.size, 6, 0, h.epoch, HISTORY_NAME, HISTORY_NAME_LEN);
        if (real == NULL)
            continue;
        taken_in++;
        assert_of_either(&h, &other, real);
        goes_round(real, &h, &other);
    }
    assert_true(taken_in > 10000);
    guard_free(&g);
    history_end(&other);
    history_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_that_flips_costs_no_more_than_its_event_and_older_ones),
        cmocka_unit_test(each_byte_that_changes_leaves_genuine_events_or_none),
        cmocka_unit_test(a_missing_start_or_end_leaves_genuine_events_or_none),
        cmocka_unit_test(events_of_another_history_of_the_same_shape_do_no_harm),
        cmocka_unit_test(any_damage_leaves_genuine_events_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
