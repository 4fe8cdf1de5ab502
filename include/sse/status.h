/* SPDX-License-Identifier: MIT */
/* sse/status.h - the results of all functions, in one table. */
#ifndef SSE_STATUS_H
#define SSE_STATUS_H

#include "sse/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is success. A positive result is a state and no error. A negative result is an error.
 *
 * If a call has several errors, it returns the first in this order, unless its header says
 * otherwise: arguments, numbers, lengths, contents, capacity. A call that returns an error has
 * changed nothing, unless its header says so.
 *
 * SSE_END and the errors below SSE_E_FATAL are final: see sse_status_closed. */
enum sse_status {
    SSE_OK = 0,    /* the call is done, in full */
    SSE_AGAIN = 1, /* nothing can move now; try again when the queue or the peer has moved */
    SSE_END = 2,   /* the stream is complete, and every byte of it has been taken */
    SSE_GAP = 3,   /* events that the reader has not had are gone; newer ones may follow */

    SSE_E_ARG = -1,    /* an argument is invalid: NULL, an unknown flag, an event without parts */
    SSE_E_RANGE = -2,  /* a number is not one that clients can be sent, such as retry_ms */
    SSE_E_TOOBIG = -3, /* it can never fit: a part above SSE_PART_MAX, an event above the queue */
    SSE_E_FIELD = -4,  /* a value has a byte that its field cannot carry, such as a line break */
    SSE_E_SPACE = -5,  /* the destination is too small; the out parameter has the exact need */
    SSE_E_STATE = -6,  /* the object does not allow it now: an event is open or none is, closed */
    SSE_E_BUSY = -7,   /* called from inside a sink of the same channel */

    SSE_E_FATAL = -100,   /* the threshold; never returned */
    SSE_E_IO = -101,      /* the sink failed, in this call or in an earlier one */
    SSE_E_TORN = -102,    /* the rest of an event is gone, and a part of it was sent */
    SSE_E_LAGGED = -103,  /* the history dropped events that the subscriber had not taken, and it
                             did not ask for gap events */
    SSE_E_STALLED = -104, /* the subscriber made no progress for longer than its limit */
    SSE_E_OLD = -105      /* the stream is older than its age limit */
};

/* Returns 1 if a result means that the stream is over, else 0.
 *
 *   status   the result of any function of the library
 *
 * It is 1 for SSE_END and for each value below SSE_E_FATAL. Close the connection then. The memory
 * of the writer or the subscriber that returned it is the caller's again.
 * Spec: none. */
SSE_API int sse_status_closed(int status);

/* Gets a phrase for a status, for a log line.
 *
 *   status   any value
 *
 * Returns a static English phrase, never NULL; "unknown status" for a value outside of the table.
 * Spec: none. */
SSE_API const char *sse_status_text(int status);

#ifdef __cplusplus
}
#endif

#endif
