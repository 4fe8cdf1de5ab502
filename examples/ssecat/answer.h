/* SPDX-License-Identifier: MIT */
/* answer.h - what ssecat says to a request: the stream, a document, or no.
 *
 * An answer is put into a writer, from where it goes out like everything else. */
#ifndef SSECAT_ANSWER_H
#define SSECAT_ANSWER_H

#include "clients.h"

#include "../serve/request.h"

#include <sse/sse.h>

/* What an answer depends on. */
typedef struct question {
    const request *request; /* NULL: there is none that could be read */
    const clients *clients;
    uint64_t seed; /* another for each client, for the time after which it may come back */
} question;

/* Whether events follow, if the status is 200. */
int answer_is_stream(const question *q);

/* Return the status of the answer; status is what request_read has returned. */
int answer_status(const question *q, int status);

/* Return the most bytes that the answer with this status has, without the events that follow. */
size_t answer_max(const question *q, int status);

/* Put the answer with this status: complete, or for the stream its head, which events follow.
 * Returns what the writer returns. */
int answer_put(sse_writer *w, const question *q, int status);

#endif
