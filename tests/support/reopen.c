/* SPDX-License-Identifier: MIT */
#include "reopen.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Append to the history that was opened, and open it again. The list is as it was in the end. */
static void goes_on(history *h, const reopened *was)
{
    static past dropped[2];
    const size_t count = h->count;
    uint64_t next, n;

    memcpy(dropped, &h->list[was->end - 1], sizeof dropped);
    h->count = (size_t)was->end - 1;
    for (n = 0; n < 2; n++)
        assert_int_equal(history_append(h, 30, 1, 1, h->count * 10 + 10), SSE_OK);
    history_check(h, h->real);
    for (n = 0; n < 2 && was->end + n <= count; n++)
        if (h->epoch) {
            const past *p = &dropped[n];

            assert_int_equal(sse_history_find(h->real, p->id, p->ev.id.len, &next), SSE_GAP);
            assert_int_equal(next, h->first);
        }
    history_reopen(h, h->epoch ? h->epoch + 1 : 0);
    history_check(h, h->real);
    history_expires(h, h->real);
    memcpy(&h->list[was->end - 1], dropped, sizeof dropped);
    h->count = count;
}

/* Memory for the copy: from malloc, which sanitizers watch on both sides, or before a page that
 * nobody may touch. */
static void *place_for(const history *h, int guarded, guard *g)
{
    void *memory;

    if (guarded) {
        *g = guard_before_end((h->size + 7) / 8 * 8);
        return g->ptr;
    }
    memory = malloc(h->size);
    assert_non_null(memory);
    return memory;
}

reopened reopen(history *h, const void *image)
{
    static unsigned tries;
    const int guarded = tries++ % 2 == 0;
    const uint64_t first = h->first, end = h->end, base = h->base, epoch = h->epoch;
    const uint64_t old_base = h->old_base;
    sse_history *const real = h->real;
    reopened result = {0, 0, 0};
    guard g = {NULL, 0, NULL, 0};
    char origin[HISTORY_ORIGIN_MAX], old_origin[HISTORY_ORIGIN_MAX];
    void *memory = place_for(h, guarded, &g);

    memcpy(memory, image, h->size);
    memcpy(origin, h->origin, sizeof origin);
    memcpy(old_origin, h->old_origin, sizeof old_origin);
    h->epoch = epoch ? REOPEN_EPOCH : 0;
    h->real = sse_history_open(memory, h->size, h->events, h->flags, h->epoch, HISTORY_NAME,
                               HISTORY_NAME_LEN);
    if (h->real == NULL) {
        result.refused = 1;
        assert_memory_equal(memory, image, h->size);
    } else {
        assert_ptr_equal(h->real, memory);
        result.first = h->first = sse_history_first(h->real);
        result.end = h->base = h->end = sse_history_next(h->real);
        assert_true(h->first > 0 && h->first <= h->end && h->end <= h->count + 1);
        h->old_base = 0;
        history_learn(h);
        history_check(h, h->real);
        goes_on(h, &result);
    }
    if (guarded)
        guard_free(&g);
    else
        free(memory);
    h->first = first;
    h->end = end;
    h->base = base;
    h->epoch = epoch;
    h->real = real;
    h->old_base = old_base;
    memcpy(h->origin, origin, sizeof origin);
    memcpy(h->old_origin, old_origin, sizeof old_origin);
    return result;
}
