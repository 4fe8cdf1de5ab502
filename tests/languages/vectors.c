/* SPDX-License-Identifier: MIT */
/* vectors.c - prints the test vectors as commands for the probes: each event that is to be written or
 * refused, and each Accept field. */
#include "vectors/vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_text(sse_str s)
{
    size_t i;

    putchar(' ');
    if (s.ptr == NULL || s.len == 0)
        putchar(s.ptr ? '.' : '-');
    for (i = 0; i < s.len; i++)
        printf("%02x", (unsigned char)s.ptr[i]);
}

static void put_event(const sse_event *ev)
{
    printf("encode");
    put_text(ev->comment);
    put_text(ev->type);
    put_text(ev->id);
    printf(" %" PRIu32, ev->retry_ms);
    put_text(ev->data);
    putchar('\n');
}

int main(void)
{
    size_t i, k;

    for (i = 0; i < emit_vector_count; i++)
        for (k = 0; k < emit_vectors[i].event_count; k++)
            put_event(&emit_vectors[i].events[k]);
    for (i = 0; i < reject_vector_count; i++)
        put_event(&reject_vectors[i].input);
    for (i = 0; i < header_vector_count; i++)
        if (strcmp(header_vectors[i].field, "Accept") == 0) {
            printf("accepts");
            put_text(header_vectors[i].value);
            putchar('\n');
        }
    return 0;
}
