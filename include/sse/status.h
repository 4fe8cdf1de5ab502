/* sse/status.h - the one table of results. */
#ifndef SSE_STATUS_H
#define SSE_STATUS_H

#include "sse/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero is success, positive is a state and no error, negative is an error. An error that is
 * below SSE_E_FATAL means: close this connection, nothing more can be said on it.
 *
 * A function that meets several errors at once reports the first in this order, unless it says
 * otherwise: arguments, numbers, lengths, contents, capacity. A call that returns an error has
 * changed nothing, unless it says so. */
enum sse_status {
    SSE_OK = 0,    /* done, in full */
    SSE_AGAIN = 1, /* nothing can move now; try again when the queue, or the peer, has moved */
    SSE_END = 2,   /* the stream is complete and every byte of it has been taken */
    SSE_GAP = 3,   /* events are gone that the reader has not had; newer ones may follow */

    SSE_E_ARG = -1,    /* an argument breaks its contract: NULL, an unknown flag, no part at all */
    SSE_E_RANGE = -2,  /* a number is outside of what clients can be told: retry_ms, status */
    SSE_E_TOOBIG = -3, /* it can never fit: a length past SSE_PART_MAX, an event past the queue */
    SSE_E_FIELD = -4,  /* a value holds what its field cannot carry: a line break, say */
    SSE_E_SPACE = -5,  /* dst is too small; the out parameter holds the exact need */
    SSE_E_STATE = -6,  /* not now: inside an event, outside of one, after close, from a sink */

    SSE_E_FATAL = -100, /* the threshold; never returned */
    SSE_E_IO = -101,    /* the sink failed, now or earlier: this connection is over */
    SSE_E_TORN = -102   /* the rest of an event was dropped: this connection is over */
};

/* Name a status for a log line.
 *
 *   status   any value
 *
 * Returns a static English phrase, never NULL; "unknown status" for a value outside of the table.
 * Spec: none, this is the library's own vocabulary. */
SSE_API const char *sse_status_text(int status);

#ifdef __cplusplus
}
#endif

#endif
