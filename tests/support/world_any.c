/* SPDX-License-Identifier: MIT */
/* Any call, as somebody who can pick a number decides. */
#include "model.h"

void world_open_any(size_t (*pick)(size_t n))
{
    kind k = {0, 0, 0, 0, 0, 0, 0};

    k.events = (uint32_t)(2 + pick(HISTORY_EVENTS - 1));
    k.capacity = pick(2) ? 128 + pick(400) : 200 + pick(HISTORY_ROOM - 200);
    k.chunked = (int)pick(2);
    k.own_ids = pick(4) == 0;
    k.heartbeat_ms = pick(3) ? 20 + (uint32_t)pick(100) : 0;
    k.turn_bytes = pick(3) ? 0 : 1 + (uint32_t)pick(300);
    k.typed = pick(3) == 0;
    world_open(&k);
}

void world_step(size_t (*pick)(size_t n))
{
    static const uint32_t flags[] = {0, SSE_JOIN_GAPS, SSE_JOIN_GAPS, SSE_JOIN_PLAIN};
    const size_t what = pick(32);
    const int i = (int)pick(CLIENTS);
    client *const c = &w.all[i];
    sinking how = {SIZE_MAX, SIZE_MAX, 0, 0};
    size_t n;
    uint32_t f;
    enum from from;

    if (what >= 16 && what < 20) {
        how.most = pick(2) ? SIZE_MAX : 1 + pick(40);
        how.budget = pick(2) ? SIZE_MAX : pick(300);
        how.fail_at = pick(12) == 0 ? 1 + (unsigned)pick(5) : 0;
        how.way = (unsigned)pick(3);
    }
    switch (what) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        n = pick(8);
        n = n < 6 ? pick(50) : n == 6 ? pick(600) : pick(HISTORY_ROOM);
        world_publish((unsigned)pick(TAGS + 1), (unsigned)pick(3), n);
        break;
    case 7:
    case 8:
    case 9:
        for (n = pick(4); world_next() != NOBODY && n > 0; n--)
            ;
        break;
    case 10:
    case 11:
    case 12:
        world_read(i, 1 + (pick(2) ? pick(60) : pick(2000)));
        break;
    case 13:
    case 14:
        world_peek(i);
        break;
    case 15:
    case 23:
        world_consume(i, pick(3) ? c->offer_len : pick(c->offer_len + (pick(8) == 0) + 1));
        break;
    case 16:
    case 17:
    case 18:
        world_flush(i, &how);
        break;
    case 19:
        world_turn(&how);
        break;
    case 20:
    case 21:
        n = pick(8);
        n = n < 4 ? pick(12) : n < 6 ? pick(90) : n == 6 ? 0 : 500;
        world_tick(w.given_ms + n - (pick(10) ? 0 : pick(30)));
        break;
    case 22:
        world_send(i, pick(4) ? pick(40) : pick(700));
        break;
    case 24:
        world_filter(i, (int)pick(1 << TAGS));
        break;
    case 25:
        world_limits(i, pick(2) ? (uint32_t)pick(40) : 0, pick(2) ? (uint32_t)pick(60) : 0,
                     pick(4) == 0 ? (uint32_t)pick(300) : 0);
        break;
    case 26:
        if (pick(3) == 0)
            world_close(i);
        break;
    case 27:
        if (pick(4) == 0)
            world_leave(i);
        break;
    case 28:
        if (pick(40) == 0)
            world_drain(pick(2) ? 1000 : 0, (uint32_t)pick(60), pick(2) ? (uint32_t)pick(200) : 0);
        break;
    default:
        f = flags[pick(4)] | (pick(4) ? 0 : SSE_JOIN_COALESCE) | (pick(3) ? 0 : SSE_JOIN_OLDEST);
        from = (enum from)pick(FROMS);
        n = pick((size_t)w.end + 2);
        if ((!c->in || pick(8) == 0) && world_join(i, f, from, n) >= SSE_OK && pick(2))
            world_filter(i, (int)pick(1 << TAGS));
    }
}
