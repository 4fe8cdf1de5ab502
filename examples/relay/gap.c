/* SPDX-License-Identifier: MIT */
#include "gap.h"

#include <inttypes.h>
#include <stdio.h>

const char *const gap_reasons[GAP_REASONS] = {
    "history", "phantom", "deleted-or-phantom", "trimmed", "flushed", "unknown-id", "too-big"};

static size_t write_id(char *text, const char *name, const entry_id *id)
{
    char as_text[ENTRY_ID_MAX + 1];

    if (id == NULL)
        return (size_t)sprintf(text, ",\"%s\":null", name);
    entry_id_write(id, as_text);
    return (size_t)sprintf(text, ",\"%s\":\"%s\"", name, as_text);
}

static size_t write_number(char *text, const char *name, uint64_t n)
{
    if (n == GAP_UNKNOWN)
        return (size_t)sprintf(text, ",\"%s\":null", name);
    return (size_t)sprintf(text, ",\"%s\":%" PRIu64, name, n);
}

size_t gap_write(const gap *g, char text[GAP_MAX])
{
    size_t len = (size_t)sprintf(text, "{\"reason\":\"%s\"", gap_reasons[g->reason]);

    len += write_id(text + len, "last", g->last);
    len += write_id(text + len, "resume", g->resume);
    len += write_number(text + len, "missed", g->missed);
    len += write_number(text + len, "withdrawn", g->withdrawn);
    len += (size_t)sprintf(text + len, "}");
    return len;
}
