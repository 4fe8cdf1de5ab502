/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Map len bytes, rounded up to pages, with a page without access on either side. Returns where the
 * accessible pages begin. */
static char *map(guard *g, size_t len, int access, size_t *inner)
{
    size_t page = page_size();
    void *map;

    *inner = (len + page - 1) / page * page;
    g->len = len;
    g->map_len = *inner + 2 * page;
    map = mmap(NULL, g->map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        perror("mmap");
        abort();
    }
    g->map = map;
    if (*inner > 0 && mprotect(g->map + page, *inner, access) != 0) {
        perror("mprotect");
        abort();
    }
    return g->map + page;
}

guard guard_before_end(size_t len)
{
    guard g;
    size_t inner;
    char *start = map(&g, len, PROT_READ | PROT_WRITE, &inner);

    g.ptr = start + inner - len;
    return g;
}

char *guard_tail(const guard *g, size_t n)
{
    return g->ptr + g->len - n;
}

guard guard_at_start(size_t len)
{
    guard g;
    size_t inner;

    g.ptr = map(&g, len, PROT_READ | PROT_WRITE, &inner);
    return g;
}

guard guard_copy(const void *bytes, size_t len)
{
    guard g = guard_before_end(len);

    if (len > 0)
        memcpy(g.ptr, bytes, len);
    return g;
}

guard guard_none(size_t len)
{
    guard g;
    size_t inner;

    g.ptr = map(&g, len, PROT_NONE, &inner);
    return g;
}

void guard_free(guard *g)
{
    munmap(g->map, g->map_len);
    memset(g, 0, sizeof *g);
}
