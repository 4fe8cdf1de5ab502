/* SPDX-License-Identifier: MIT */
#include "decoder.h"

static void replace(decoder *d, decoder_sink *sink, void *user)
{
    d->needed = 0;
    d->seen = 0;
    sink(user, "\xEF\xBF\xBD", 3);
}

/* The first byte of a sequence. */
static void lead(decoder *d, unsigned char byte, decoder_sink *sink, void *user)
{
    if (byte >= 0x80 && (byte < 0xC2 || byte > 0xF4)) {
        replace(d, sink, user);
        return;
    }
    d->needed = byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    d->lower = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    d->upper = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    d->sequence[d->seen++] = (char)byte;
}

static void continuation(decoder *d, unsigned char byte)
{
    d->needed--;
    d->lower = 0x80;
    d->upper = 0xBF;
    d->sequence[d->seen++] = (char)byte;
}

void decoder_feed(decoder *d, unsigned char byte, decoder_sink *sink, void *user)
{
    if (d->needed > 0 && (byte < d->lower || byte > d->upper))
        replace(d, sink, user); /* for what came before; this byte begins anew */
    if (d->needed > 0)
        continuation(d, byte);
    else
        lead(d, byte, sink, user);
    if (d->needed == 0 && d->seen > 0) {
        sink(user, d->sequence, d->seen);
        d->seen = 0;
    }
}

void decoder_end(decoder *d, decoder_sink *sink, void *user)
{
    if (d->needed > 0)
        replace(d, sink, user);
}
