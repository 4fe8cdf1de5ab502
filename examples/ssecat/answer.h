/* answer.h - what ssecat says to a request: the stream, the page, or no.
 *
 * An answer is put into a writer, from where it goes out like everything else. */
#ifndef SSECAT_ANSWER_H
#define SSECAT_ANSWER_H

#include "options.h"

#include <sse/sse.h>

/* The most bytes that an answer has, the page being the longest. */
#define ANSWER_MAX (64 * 1024)

/* The head of the stream; events follow it. */
int answer_stream(sse_writer *w, const options *o, int minor);

/* 503, to come back after a time that differs from client to client. */
int answer_busy(sse_writer *w, const options *o, uint64_t seed);

/* The page, complete. */
int answer_page(sse_writer *w, const options *o);

/* That the server is there, and what it has done, as Prometheus reads it; complete. */
int answer_health(sse_writer *w);
int answer_metrics(sse_writer *w, const sse_channel *channel);

/* An error with a sentence, complete. */
int answer_error(sse_writer *w, int status);

#endif
