/* test_history_exhaust.c - all short lives of the smallest logs: every sequence of a few calls, from
 * a small alphabet, beside the plain list. What can go wrong with a ring goes wrong in a small one.
 */
#include "history.h"
#include "reader.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;
static reader r;
static reader_stream stream;

/* What can be done. Each returns 0 where it has changed nothing, so that it need not be followed
 * up. The time is the number of the event. */

static int least(void)
{
    return history_append(&h, 8, h.end % 2, 1, h.end) == SSE_OK;
}

static int middling(void)
{
    return history_append(&h, 27, h.end % 2, 2, h.end) == SSE_OK;
}

static int half(void)
{
    return history_append(&h, h.room / 2 + 1, 1, h.end % 2, h.end) == SSE_OK;
}

/* The longest that there can be; what a chunk costs is found out. */
static int longest(void)
{
    size_t len = h.room;

    while (history_append(&h, len, 0, 1, h.end) != SSE_OK)
        len--;
    return 1;
}

static int expire(void)
{
    const uint64_t first = h.first;

    history_expire(&h, h.first + 1);
    return h.first > first;
}

/* Behind one that finds nothing the list begins anew, and there is no way back. */
static int reopen(void)
{
    const int some = h.first < h.end;

    history_reopen(&h, h.epoch ? h.epoch + 1 : 0);
    history_check(&h, h.log);
    return some;
}

static int peek(void)
{
    return reader_peek(&r, READER_RUNS) == SSE_OK;
}

static int take_some(void)
{
    return reader_consume(&r, r.offer < 9 ? r.offer : 9) == SSE_OK;
}

static int take_all(void)
{
    return reader_consume(&r, r.offer) == SSE_OK;
}

static int copy(void)
{
    return reader_read(&r, 21) == SSE_OK;
}

static int go_on(void)
{
    const uint64_t next = r.next;

    return reader_skip(&r) == SSE_OK && r.next != next;
}

typedef int act(void);

static act *const log_acts[] = {least, middling, half, longest, expire, reopen};
static act *const reader_acts[] = {middling, half, peek, take_some, take_all, copy, go_on};

#define DEPTH_MAX 8
#define IMAGE_MAX 1024

/* Where to go back to. */
typedef struct moment {
    unsigned char image[IMAGE_MAX];
    uint64_t epoch, base, first, end;
    size_t count;
    reader r;
} moment;

static void keep(moment *m)
{
    assert_true(h.size <= IMAGE_MAX);
    memcpy(m->image, h.log, h.size);
    m->epoch = h.epoch;
    m->base = h.base;
    m->first = h.first;
    m->end = h.end;
    m->count = h.count;
    m->r = r;
}

static void go_back(const moment *m)
{
    memcpy(h.log, m->image, h.size);
    h.epoch = m->epoch;
    h.base = m->base;
    h.first = m->first;
    h.end = m->end;
    h.count = m->count;
    r = m->r;
}

static unsigned long lives;

/* Live on, in each way that depth more acts allow. */
static void live(act *const *acts, size_t count, size_t depth)
{
    static moment moments[DEPTH_MAX];
    moment *now = &moments[depth];
    size_t i;

    reader_is_frozen(&r);
    lives++;
    if (depth == 0)
        return;
    keep(now);
    for (i = 0; i < count; i++) {
        if (acts[i]()) {
            if (acts == log_acts)
                history_check(&h, h.log);
            live(acts, count, depth - 1);
        }
        go_back(now);
    }
    reader_end(&r);
}

/* A log of that geometry, with a few events that its ring has turned by. */
static void begin(uint32_t events, size_t room, int variant, uint32_t reader_flags,
                  const uint64_t *tag, int before)
{
    history_begin(&h, events, room, variant & 2 ? 0xa : 0, variant & 1 ? SSE_HISTORY_CHUNKED : 0);
    for (; before > 0; before--)
        history_append(&h, 25, h.end % 2, 2, h.end);
    reader_begin(&r, &h, &stream, h.first, reader_flags, tag);
}

static void a_small_log_is_the_list_of_its_latest_events(void **state)
{
    uint32_t events;
    size_t room;
    int variant;

    (void)state;
    lives = 0;
    for (events = 1; events <= 4; events++)
        for (room = SSE_HISTORY_ROOM_MIN; room < SSE_HISTORY_ROOM_MIN + 9; room++)
            for (variant = 0; variant < 4; variant++) {
                begin(events, room, variant, 0, NULL, variant);
                live(log_acts, sizeof log_acts / sizeof log_acts[0], 4);
                history_end(&h);
            }
    for (variant = 0; variant < 4; variant++) {
        begin(3, 90, variant, 0, NULL, 0);
        live(log_acts, sizeof log_acts / sizeof log_acts[0], 5);
        history_end(&h);
    }
    assert_true(lives > 20000);
}

static void read_each_way(uint32_t reader_flags, const uint64_t *tag)
{
    uint32_t events;
    int variant;

    lives = 0;
    for (events = 1; events <= 4; events++)
        for (variant = 0; variant < 4; variant++) {
            begin(events, 64 + 12 * events, variant, reader_flags, tag, (int)events);
            live(reader_acts, sizeof reader_acts / sizeof reader_acts[0], events == 2 ? 6 : 5);
            history_end(&h);
        }
    assert_true(lives > 20000);
}

static void a_reader_gets_whole_events_or_is_told_what_is_gone(void **state)
{
    (void)state;
    read_each_way(0, NULL);
}

static void a_filtered_reader_gets_what_it_may_see(void **state)
{
    static const uint64_t tag = 1;

    (void)state;
    read_each_way(0, &tag);
}

static void a_coalescing_reader_gets_the_newest_of_each_key(void **state)
{
    static const uint64_t tag = 1;

    (void)state;
    read_each_way(SSE_COALESCE, NULL);
    read_each_way(SSE_COALESCE, &tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_log_is_the_list_of_its_latest_events),
        cmocka_unit_test(a_reader_gets_whole_events_or_is_told_what_is_gone),
        cmocka_unit_test(a_filtered_reader_gets_what_it_may_see),
        cmocka_unit_test(a_coalescing_reader_gets_the_newest_of_each_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
