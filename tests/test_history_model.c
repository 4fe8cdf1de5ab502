/* SPDX-License-Identifier: MIT */
/* test_history_model.c - long random lives of a history beside the plain list. The seeds are fixed.
 */
#include "dice.h"
#include "history.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LIVES 1500
#define ACTS  80

static history h;
static uint64_t now_ms;

static void act_append(void)
{
    static const size_t most[] = {40, 40, 120, 250};

    now_ms += below(3);
    history_append(&h, 8 + below(most[below(4)]), below(HISTORY_TAGS), below(4),
                   below(20) ? now_ms : 0);
}

static void act_give(void)
{
    static const char *const datas[] = {"", "a", "a\r\nb\n", "\n", " x", "\xFF\xC3\xA9", "data: y"};
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 1500, {NULL, 0}};
    char id[SSE_HISTORY_ID_MAX + 1];

    if (h.epoch == 0) {
        ev.id.ptr = id;
        ev.id.len = (size_t)snprintf(id, sizeof id, "g%" PRIu64, h.end);
    }
    if (below(4)) {
        ev.data.ptr = datas[below(sizeof datas / sizeof datas[0])];
        ev.data.len = strlen(ev.data.ptr);
        ev.retry_ms = (uint32_t)below(2);
    }
    if (below(3) == 0)
        ev.type = SSE_LIT("tick");
    if (below(5) == 0)
        ev.comment = SSE_LIT("one\ntwo");
    history_give(&h, &ev, below(HISTORY_TAGS), below(4), now_ms);
}

static void act_expire(void)
{
    if (below(4) == 0)
        history_expire(&h, now_ms - (now_ms < 5 ? 0 : below(5)));
}

/* As another process finds it. */
static void act_reopen(void)
{
    if (below(4))
        return;
    history_reopen(&h, h.epoch ? h.epoch + 1 : 0);
    history_check(&h, h.real);
}

/* Each as often as it stands here. */
static void (*const acts[])(void) = {act_append, act_append, act_append,
                                     act_give,   act_expire, act_reopen};

static void live(uint64_t seed)
{
    size_t k;

    dice_seed(seed);
    now_ms = 0;
    history_begin(&h, (uint32_t)(1 + below(below(2) ? 4 : 30)),
                  SSE_HISTORY_CAPACITY_MIN + below(below(2) ? 64 : 700),
                  seed & 1 ? SSE_HISTORY_CHUNKED : 0, below(2) ? 1 + below(1000) : 0);
    for (k = 0; k < ACTS; k++) {
        acts[below(sizeof acts / sizeof acts[0])]();
        if (k % 16 == 0)
            history_check(&h, h.real);
    }
    history_check(&h, h.real);
    history_end(&h);
}

static void a_history_is_the_list_of_its_latest_events(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 1; seed <= LIVES; seed++)
        live(seed);
}

/* Many keys in few buckets: the chains are long, and events are taken out of all places of them. */
static void an_event_is_replaced_by_the_next_one_with_its_tag_and_key(void **state)
{
    uint32_t events;
    size_t k;

    (void)state;
    dice_seed(1);
    for (events = 3; events < 24; events++) {
        history_begin(&h, events, 1000, 0, 0);
        for (k = 0; k < 400; k++) {
            history_append(&h, 8, below(2), below(events), k);
            history_check(&h, h.real);
        }
        history_end(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_is_the_list_of_its_latest_events),
        cmocka_unit_test(an_event_is_replaced_by_the_next_one_with_its_tag_and_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
