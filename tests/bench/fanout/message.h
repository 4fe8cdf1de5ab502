/* message.h - a request with its body, read from the front of what has come. */
#ifndef FANOUT_MESSAGE_H
#define FANOUT_MESSAGE_H

#include <sse/base.h>

enum { MESSAGE_HEAD_MAX = 8192, MESSAGE_BODY_MAX = 4 << 20 };

/* The ranges point into the bytes that were read. */
typedef struct message {
    sse_str method;
    sse_str path;
    sse_str query;         /* without the "?"; absent where there is none */
    sse_str last_event_id; /* absent where there is none */
    sse_str body;
    size_t len;  /* of the message; the next one follows it */
    int minor;   /* HTTP/1.minor */
    int close;   /* the connection ends with the answer */
    int expects; /* the peer waits for 100 before it sends the body */
} message;

/* Read a message. Returns 200 where one has come whole; 0 where more of it has yet to come; else
 * the status with which to refuse it, and the connection cannot go on: 400, 411, 413, 431, 505;
 * or 406, and it can. */
int message_read(message *m, const char *bytes, size_t len);

#endif
