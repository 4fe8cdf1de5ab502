/* SPDX-License-Identifier: MIT */
/* Results as text, and which of them end a stream. */
#include "sse/status.h"

#include <string.h>

/* A phrase for each value, in the order of the values, in one string each: a table of pointers
 * would have to be relocated, and would not be constant data. */
static const char phrases[] = "called from inside a sink\0" /* SSE_E_BUSY */
                              "not possible in this state\0"
                              "destination too small\0"
                              "invalid byte in field\0"
                              "too large for this queue\0"
                              "number out of range\0"
                              "invalid argument\0"
                              "success\0"
                              "would block\0"
                              "end of stream\0"
                              "events were missed"; /* SSE_GAP */

static const char fatal_phrases[] = "too old\0" /* SSE_E_OLD */
                                    "no progress\0"
                                    "lagged too far\0"
                                    "event cut short\0"
                                    "transport failed"; /* SSE_E_IO */

/* Skip n phrases. Each of these ends in NUL. */
static const char *skip(const char *phrase, int n)
{
    for (; n > 0; n--)
        phrase = (const char *)memchr(phrase, 0, sizeof phrases) + 1;
    return phrase;
}

/* see sse/status.h */
const char *sse_status_text(int status)
{
    if (status >= SSE_E_OLD && status <= SSE_E_IO)
        return skip(fatal_phrases, status - SSE_E_OLD);
    if (status >= SSE_E_BUSY && status <= SSE_GAP)
        return skip(phrases, status - SSE_E_BUSY);
    return "unknown status";
}

/* see sse/status.h */
int sse_status_closed(int status)
{
    return status == SSE_END || status < SSE_E_FATAL;
}
