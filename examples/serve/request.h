/* request.h - the head of a request, as far as the examples of fan-out want to know it. */
#ifndef REQUEST_H
#define REQUEST_H

#include <sse/sse.h>

/* Each range points into the bytes that were read, and is absent where the client sent none. */
typedef struct request {
    sse_str path;
    sse_str query; /* without the "?" */
    sse_str last_event_id;
} request;

/* Read the head of a request for a stream. Returns 200; 0 where more of it has yet to come; or the
 * status with which to refuse it: 400, 405, 406, 505. */
int request_read(request *r, const char *bytes, size_t len);

/* Find a parameter of the query, as it stands there; absent where there is none. */
sse_str request_parameter(const request *r, const char *name);

/* Find the last event ID: into id, SSE_HISTORY_ID_MAX bytes. Returns its length; 0 for a new client.
 * Where the client sent one that cannot be ours, this is one that never was given to anybody: it
 * has missed something, and is to hear of the gap. */
size_t request_last_id(const request *r, char *id);

#endif
