/* test_channel_model.c - every short schedule: all sequences of a few steps over two clients, with
 * sinks that take a few bytes a call, against a plain model of what each stream holds. Long random
 * schedules are in test_fanout_model.c.
 *
 * The model of a client is two lists: the shared events that it may see, and its private ones, each
 * with how many of the others were published before it. Either list is heard whole and in order,
 * and no private event ahead of what was published before it. Close ends the lists. The log drops
 * nothing here.
 */
#include "fanout.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { COUNT = 2, DEPTH = 5 };

enum step { PUBLISH, PUBLISH_TAGGED, TELL, TAKE_A_BYTE, TAKE_SOME, CLOSE, LEAVE, TICK, STEPS };

static hall h;
static client all[COUNT];

static struct {
    unsigned shared[DEPTH], shared_count;
    unsigned behind[DEPTH], private_count;
    int closed, left;
} models[COUNT];

static uint64_t now_ms;

static void publish(uint64_t tag)
{
    const unsigned number = (unsigned)sse_replay_end(h.log);
    char text[20];
    int i;

    snprintf(text, sizeof text, "%u\n\n", number); /* a blank line in its data */
    say_to(&h, tag, 0, text);
    for (i = 0; i < COUNT; i++)
        if (!models[i].closed && (!all[i].filtered || all[i].tag == tag))
            models[i].shared[models[i].shared_count++] = number;
}

static void tell(int i)
{
    char text[20];

    snprintf(text, sizeof text, "%u", models[i].private_count);
    if (all[i].s && client_tell(&all[i], text) == SSE_OK)
        models[i].behind[models[i].private_count++] = models[i].shared_count;
}

/* Demand that a client has heard what its model says. */
static void check(int i)
{
    const char *at = heard_text(&all[i]);
    unsigned shared = 0, private = 0;
    char want[40], id[20] = "";

    for (; *at != '\0'; at += strlen(want)) {
        if (*at == ',')
            at++;
        if (*at == 'p') {
            assert_true(private < models[i].private_count);
            assert_in_range(models[i].behind[private], 0, shared);
            snprintf(want, sizeof want, "private=%u@%s", private, id);
            private++;
        } else {
            assert_true(shared < models[i].shared_count);
            snprintf(id, sizeof id, "e-%u", models[i].shared[shared]);
            snprintf(want, sizeof want, "%u\n\n@%s", models[i].shared[shared++], id);
        }
        assert_memory_equal(at, want, strlen(want));
    }
    assert_int_equal(shared, models[i].shared_count);
    assert_int_equal(private, models[i].private_count);
}

/* Take up to n bytes, or all there is. */
static void take(int i, size_t n)
{
    client *const c = &all[i];

    if (c->s == NULL)
        return;
    if (!c->pushes) {
        client_read(c, n);
        return;
    }
    c->most = n > 1 ? 7 : 1;
    c->limited = n != (size_t)-1;
    c->budget = n;
    sse_subscriber_flush(c->s);
}

static void act(int i, enum step step)
{
    client *const c = &all[i];

    switch (step) {
    case TELL:
        tell(i);
        break;
    case TAKE_A_BYTE:
        take(i, 1);
        break;
    case TAKE_SOME:
        take(i, 25);
        break;
    case CLOSE:
        if (c->s)
            sse_subscriber_close(c->s);
        models[i].closed = 1;
        break;
    case LEAVE:
        if (c->s)
            sse_subscriber_leave(c->s);
        models[i].left = 1;
        break;
    default:
        break;
    }
}

static void step_of(unsigned choice)
{
    const int i = (int)(choice / STEPS);
    const enum step step = (enum step)(choice % STEPS);

    if (step == PUBLISH || step == PUBLISH_TAGGED)
        publish(step == PUBLISH ? 0 : 7);
    else if (step == TICK)
        sse_channel_tick(&h.ch, now_ms += 60);
    else
        act(i, step);
}

/* What is the same for either client is a choice of the first alone. */
static int is_redundant(unsigned choice)
{
    const enum step step = (enum step)(choice % STEPS);

    return choice >= STEPS && (step == PUBLISH || step == PUBLISH_TAGGED || step == TICK);
}

static void finish(void)
{
    int i;

    for (i = 0; i < COUNT; i++) {
        take(i, (size_t)-1);
        if (models[i].left) {
            assert_int_equal(all[i].closes, 1);
            continue;
        }
        check(i);
        assert_int_equal(all[i].closes, models[i].closed);
        if (models[i].closed)
            assert_int_equal(all[i].reason, SSE_END);
    }
    for (i = 0; i < COUNT; i++)
        client_end(&all[i]);
}

static void run(unsigned schedule, unsigned kind)
{
    int i;

    now_ms = 1000;
    memset(models, 0, sizeof models);
    hall_open(&h, DEPTH, 64 * DEPTH, kind & 1 ? SSE_CHUNKED : 0, 50);
    for (i = 0; i < COUNT; i++) {
        client *const c = &all[i];

        memset(c, 0, offsetof(client, bytes));
        c->flags = kind & 2 ? SSE_STAGED : 0;
        c->pushes = i == (kind & 4 ? 1 : 0);
        c->filtered = i == 1;
        c->tag = 7;
        assert_int_equal(client_join(c, &h, NULL), SSE_OK);
    }
    for (i = 0; i < DEPTH; i++, schedule /= COUNT * STEPS)
        step_of(schedule % (COUNT * STEPS));
    finish();
    hall_close(&h);
}

static void every_short_schedule_gives_the_streams_of_the_model(void **state)
{
    unsigned schedules = 1, schedule, i;

    (void)state;
    for (i = 0; i < DEPTH; i++)
        schedules *= COUNT * STEPS;
    for (schedule = 0; schedule < schedules; schedule++) {
        unsigned rest = schedule, redundant = 0;

        for (i = 0; i < DEPTH; i++, rest /= COUNT * STEPS)
            redundant |= (unsigned)is_redundant(rest % (COUNT * STEPS));
        /* each kind of client is met with every schedule of one step less */
        if (!redundant)
            run(schedule, (schedule + schedule / (COUNT * STEPS)) % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_schedule_gives_the_streams_of_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
