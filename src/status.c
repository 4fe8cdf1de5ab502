#include "sse/status.h"

#include <string.h>

/* One string with a phrase for each value, in the order of the values, from SSE_E_STATE upwards: a
 * table of pointers would have to be relocated, and would not be constant data. */
static const char phrases[] = "not possible in this state\0"
                              "not enough space at the destination\0"
                              "a value that its field cannot carry\0"
                              "too big ever to fit\0"
                              "a number out of range\0"
                              "an argument that breaks its contract\0"
                              "success\0"
                              "nothing can move now\0"
                              "end of the stream\0"
                              "events were missed";

/* see sse/status.h */
const char *sse_status_text(int status)
{
    const char *phrase = phrases;

    if (status == SSE_E_IO)
        return "the transport failed";
    if (status == SSE_E_TORN)
        return "the rest of an event is gone";
    if (status < SSE_E_STATE || status > SSE_GAP)
        return "unknown status";
    for (; status > SSE_E_STATE; status--)
        phrase = (const char *)memchr(phrase, 0, sizeof phrases) + 1;
    return phrase;
}
