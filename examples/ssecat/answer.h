/* SPDX-License-Identifier: MIT */
/* answer.h - what ssecat says to a request: the stream, the page, or no.
 *
 * An answer is put into a writer, from where it goes out like everything else. */
#ifndef SSECAT_ANSWER_H
#define SSECAT_ANSWER_H

#include "options.h"
#include "request.h"

#include <sse/sse.h>

/* The most bytes that an answer has, the page being the longest. */
#define ANSWER_MAX (64 * 1024)

/* What the library answers: the head of the stream, which events follow (not for HEAD); a refusal;
 * a preflight. r: NULL where there is no request that could be read; seed: another for each client,
 * for the time after which it may come back. */
int answer_route(sse_writer *w, const options *o, const request *r, int status, uint64_t seed);

/* The page, complete. */
int answer_page(sse_writer *w, const options *o, const request *r);

/* That the server is there, and what it has done, as Prometheus reads it; complete. behind: how
 * many events the slowest stream has not taken. */
int answer_health(sse_writer *w, const request *r);
int answer_metrics(sse_writer *w, const request *r, const sse_channel *channel, uint64_t behind);

#endif
