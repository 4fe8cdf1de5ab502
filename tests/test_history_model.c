/* test_history_model.c - long random lives of a log and a few readers of it, beside the plain list.
 * The seeds are fixed. */
#include "dice.h"
#include "history.h"
#include "reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LIVES   1500
#define ACTS    150
#define READERS 4

static history h;
static reader readers[READERS];
static reader_stream streams[READERS];
static uint64_t now_ms;
static size_t whole; /* events that were read, over all lives */

static void end(size_t i)
{
    reader_end(&readers[i]);
    whole += readers[i].count;
}

static void start(size_t i, uint64_t next)
{
    static const uint64_t tags[HISTORY_TAGS] = {0, 1, 2};

    reader_begin(&readers[i], &h, &streams[i], next, below(2) ? SSE_COALESCE : 0,
                 below(2) ? NULL : &tags[below(HISTORY_TAGS)]);
}

/* A reader whose stream ends, and another that begins. */
static void replace(size_t i, uint64_t next)
{
    end(i);
    start(i, next);
}

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
    char id[32];

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

/* As another process finds the log: nobody reads any more. */
static void act_reopen(void)
{
    size_t i;

    if (below(4))
        return;
    for (i = 0; i < READERS; i++)
        end(i);
    history_reopen(&h, h.epoch ? h.epoch + 1 : 0);
    history_check(&h, h.log);
    for (i = 0; i < READERS; i++)
        start(i, 1 + below(h.end));
}

/* What a server does when a reader says that. */
static void answer(size_t i, int status)
{
    if (status == SSE_GAP && below(2))
        reader_skip(&readers[i]);
    else if (status == SSE_E_TORN && below(2))
        replace(i, h.first);
}

static void act_peek(void)
{
    const size_t i = below(READERS);

    answer(i, reader_peek(&readers[i], 1 + below(READER_RUNS)));
}

static void act_consume(void)
{
    const size_t i = below(READERS);
    reader *r = &readers[i];
    size_t n;

    if (below(4))
        answer(i, reader_peek(r, 1 + below(READER_RUNS)));
    n = r->offer;
    if (below(3) == 0)
        n = below(n + 4);
    answer(i, reader_consume(r, n));
}

static void act_read(void)
{
    const size_t i = below(READERS);

    answer(i, reader_read(&readers[i], 1 + below(below(3) ? 400 : 30)));
}

static void act_skip(void)
{
    const size_t i = below(READERS);

    answer(i, reader_skip(&readers[i]));
}

static void act_replace(void)
{
    if (below(3) == 0)
        replace(below(READERS), below(2) ? h.end : 1 + below(h.end));
}

/* Each as often as it stands here. */
static void (*const acts[])(void) = {
    act_append, act_append, act_append,  act_give,    act_expire,  act_reopen, act_peek,
    act_read,   act_read,   act_consume, act_consume, act_consume, act_skip,   act_replace,
};

static void live(uint64_t seed)
{
    size_t i, k;

    dice_seed(seed);
    now_ms = 0;
    history_begin(&h, (uint32_t)(1 + below(below(2) ? 4 : 30)),
                  SSE_HISTORY_ROOM_MIN + below(below(2) ? 64 : 700), below(2) ? 1 + below(1000) : 0,
                  seed & 1 ? SSE_HISTORY_CHUNKED : 0);
    for (i = 0; i < READERS; i++)
        start(i, 1);
    for (k = 0; k < ACTS; k++) {
        acts[below(sizeof acts / sizeof acts[0])]();
        for (i = 0; i < READERS; i++)
            reader_is_frozen(&readers[i]);
        if (k % 16 == 0)
            history_check(&h, h.log);
    }
    for (i = 0; i < READERS; i++)
        end(i);
    history_check(&h, h.log);
    history_end(&h);
}

static void a_log_is_the_list_of_its_latest_events_and_readers_get_it(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 1; seed <= LIVES; seed++)
        live(seed);
    assert_true(whole > LIVES * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_the_list_of_its_latest_events_and_readers_get_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
