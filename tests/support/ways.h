/* SPDX-License-Identifier: MIT */
/* ways.h - every way out of a writer, in the same shape. Needs cmocka. */
#ifndef TESTS_WAYS_H
#define TESTS_WAYS_H

#include "sink.h"

/* Move bytes from a writer to a peer, step at most in one go. The peer does that much in each call
 * once its script has ended. Returns SSE_OK or SSE_AGAIN; SSE_END; or SSE_E_IO. */
typedef int way(sse_writer *w, sink *peer, size_t step);

way push;         /* until nothing is left */
way push_once;    /* one offer, of which it takes step and would block */
way push_refused; /* the same, behind a refusal in each shape */
way pull;         /* peek and consume once */
way pull_anew;    /* the same, behind one that took nothing */
way copy;         /* read */

#define WAYS 6

extern way *const ways[WAYS];

#endif
