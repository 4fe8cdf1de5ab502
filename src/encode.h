/* encode.h - private: the parts of the encoder that the writer uses, too. */
#ifndef SSE_ENCODE_H
#define SSE_ENCODE_H

#include "out.h"
#include "sse/event.h"

/* Check an event: SSE_OK, or the error that sse_event_encode documents. Where open is not 0 its
 * data comes later: it must be absent, no other part is needed, and ev may be NULL. An event that
 * passes is shorter than SIZE_MAX when encoded, whatever is in it. */
int sse_event_check(const sse_event *ev, int open);

/* Put an event that was checked; where open is not 0 only as far as its data begins. */
void sse_event_put(sse_out *o, const sse_event *ev, int open);

/* What a line end in data becomes. */
#define SSE_DATA_BREAK "\ndata: "

/* Put text, with brk in place of each line end. Stops where o->len would pass limit, in the middle
 * of a line if need be, never in the middle of brk. Returns how many bytes of text were put. */
size_t sse_lines_put(sse_out *o, const char *brk, size_t brk_len, const char *text, size_t len,
                     size_t limit);

#endif
