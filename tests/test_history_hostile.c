/* SPDX-License-Identifier: MIT */
/* test_history_hostile.c - memory that was made to mislead: numbers that overflow, parts of a
 * history in the wrong place, events of another history. */
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

/* Every number in the memory, one after the other, takes values that a careless reader would
 * compute with. */
static void hostile_numbers_do_no_harm(void **state)
{
    const uint64_t values[] = {0,
                               1,
                               7,
                               h.size,
                               0x7FFFFFFF,
                               0x80000000,
                               0xFFFFFFFF,
                               ~0u - 7u,
                               UINT64_MAX,
                               UINT64_MAX - 1,
                               1ull << 63,
                               1ull << 32,
                               100,
                               UINT64_MAX / 2,
                               UINT64_MAX - 63,
                               4,
                               0x100000001,
                               80,
                               88,
                               130};
    size_t i, at;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(4, 130, variant, 9);
        for (at = 0; at + 8 <= h.size; at += 4)
            for (i = 0; i < sizeof values / sizeof values[0]; i++) {
                memcpy(image, h.real, h.size);
                memcpy(image + at, &values[i], 8);
                reopen(&h, image);
                memcpy(image, h.real, h.size);
                memcpy(image + at, &values[i], 4);
                reopen(&h, image);
            }
        history_end(&h);
    }
}

/* Parts that are right by themselves, in the wrong place: each run of words over each other. */
static void misplaced_parts_do_no_harm(void **state)
{
    size_t i, from, to, len;
    int variant;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(4, 130, variant, 9);
        for (i = 0; i < 6000; i++) {
            memcpy(image, h.real, h.size);
            len = below(4) ? SSE_HISTORY_SLOT : 8 * (1 + below(20));
            from = below((h.size - len) / 8 + 1) * 8;
            to = below((h.size - len) / 8 + 1) * 8;
            memmove(image + to, image + from, len);
            reopen(&h, image);
        }
        history_end(&h);
    }
}

/* All slots are tried in all places of others: the checksums are right then. */
static void slots_in_each_others_places_do_no_harm(void **state)
{
    size_t from, to;
    int variant, swap;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(4, 130, variant, 9);
        for (from = 0; from + SSE_HISTORY_SLOT <= h.size; from += 4)
            for (to = from % SSE_HISTORY_SLOT; to + SSE_HISTORY_SLOT <= h.size;
                 to += SSE_HISTORY_SLOT)
                for (swap = 0; swap < 2; swap++) {
                    const unsigned char *real = (const unsigned char *)h.real;

                    memcpy(image, real, h.size);
                    memcpy(image + to, real + from, SSE_HISTORY_SLOT);
                    if (swap)
                        memcpy(image + from, real + to, SSE_HISTORY_SLOT);
                    reopen(&h, image);
                }
        history_end(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_numbers_do_no_harm),
        cmocka_unit_test(misplaced_parts_do_no_harm),
        cmocka_unit_test(slots_in_each_others_places_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
