/* test_replay_damage.c - nothing in the memory of a log is trusted: whatever happened to it, it is
 * refused, or what is left are genuine events without a gap. */
#include "sse/replay.h"

#include "history.h"
#include "reopen.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;
static uint64_t words[SSE_REPLAY_WORDS(8, 1024)];
static unsigned char *const image = (unsigned char *)words;

#define VARIANTS 4 /* raw or chunked, the caller's ids or automatic ones */

static uint64_t dice;

/* A number below n: xorshift. */
static size_t below(size_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (size_t)((dice >> 33) % n);
}

/* A log that its ring has turned in, if count is not small. */
static void begin(uint32_t events, size_t room, int variant, int count)
{
    dice = 0x9E3779B97F4A7C15u + (uint64_t)variant;
    history_begin(&h, events, room, variant & 2 ? 0xa : 0, variant & 1 ? SSE_CHUNKED : 0);
    assert_true(h.size <= sizeof words);
    for (; count > 0; count--)
        history_append(&h, 25 + h.count % 7, h.count % 2, 1 + h.count % 2, h.count * 10 + 10);
    memcpy(image, h.log, h.size);
}

/* One place is damaged, that of at most one event: the log is what is newer than it, or, where it
 * is the newest, all but that. Returns 1 if the log was refused. */
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
            assert_true(refused <= 8 * SSE_REPLAY_OVERHEAD);
            history_end(&h);
        }
}

static void each_byte_can_be_anything(void **state)
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
static void each_end_and_each_start_can_be_missing(void **state)
{
    static const int fills[] = {0x00, 0xFF};
    size_t i, at;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++)
        for (i = 0; i < 2; i++) {
            begin(4, 130, variant, 9);
            for (at = 0; at < h.size; at++) {
                memcpy(image, h.log, h.size);
                memset(image + at, fills[i], h.size - at);
                reopen(&h, image);
                memcpy(image, h.log, h.size);
                memset(image, fills[i], at + 1);
                reopen(&h, image);
            }
            history_end(&h);
        }
}

/* Every number in the memory, one after the other, takes values that a careless reader would
 * compute with. */
static void each_number_can_be_hostile(void **state)
{
    const uint64_t values[] = {0,          1,           7,        h.size,         0x7FFFFFFF,
                               0x80000000, 0xFFFFFFFF,  ~0u - 7u, UINT64_MAX,     UINT64_MAX - 1,
                               1ull << 63, 1ull << 32,  100,      UINT64_MAX / 2, UINT64_MAX - 63,
                               4,          0x100000001, 80,       88,             130};
    size_t i, at;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(4, 130, variant, 9);
        for (at = 0; at + 8 <= h.size; at += 4)
            for (i = 0; i < sizeof values / sizeof values[0]; i++) {
                memcpy(image, h.log, h.size);
                memcpy(image + at, &values[i], 8);
                reopen(&h, image);
                memcpy(image, h.log, h.size);
                memcpy(image + at, &values[i], 4);
                reopen(&h, image);
            }
        history_end(&h);
    }
}

/* Parts that are right by themselves, in the wrong place: each run of words over each other. */
static void parts_can_stand_where_others_belong(void **state)
{
    size_t i, from, to, len;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(4, 130, variant, 9);
        for (i = 0; i < 6000; i++) {
            memcpy(image, h.log, h.size);
            len = below(4) ? SSE_REPLAY_SLOT : 8 * (1 + below(20));
            from = below((h.size - len) / 8 + 1) * 8;
            to = below((h.size - len) / 8 + 1) * 8;
            memmove(image + to, image + from, len);
            reopen(&h, image);
        }
        history_end(&h);
    }
}

/* All slots are tried in all places of others: the checksums are right then. */
static void slots_can_stand_in_each_others_places(void **state)
{
    size_t from, to;
    int variant, swap;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(4, 130, variant, 9);
        for (from = 0; from + SSE_REPLAY_SLOT <= h.size; from += 4)
            for (to = from % SSE_REPLAY_SLOT; to + SSE_REPLAY_SLOT <= h.size; to += SSE_REPLAY_SLOT)
                for (swap = 0; swap < 2; swap++) {
                    const unsigned char *log = (const unsigned char *)h.log;

                    memcpy(image, log, h.size);
                    memcpy(image + to, log + from, SSE_REPLAY_SLOT);
                    if (swap)
                        memcpy(image + from, log + to, SSE_REPLAY_SLOT);
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
        memcpy(image, h.log, h.size);
        hits = 1 + below(12);
        for (k = 0; k < hits; k++)
            image[below(h.size)] = (unsigned char)below(256);
        reopen(&h, image);
    }
    history_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_that_flips_costs_no_more_than_its_event_and_older_ones),
        cmocka_unit_test(each_byte_can_be_anything),
        cmocka_unit_test(each_end_and_each_start_can_be_missing),
        cmocka_unit_test(each_number_can_be_hostile),
        cmocka_unit_test(parts_can_stand_where_others_belong),
        cmocka_unit_test(slots_can_stand_in_each_others_places),
        cmocka_unit_test(any_damage_leaves_genuine_events_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
