/* feed.h - lines of text, as they come from a descriptor: what the examples of fan-out publish. */
#ifndef FEED_H
#define FEED_H

#include <sse/base.h>

/* The most bytes that come at once, and so the longest line. */
enum { FEED_MAX = 2048 };

/* Lines from a descriptor. All-zero but for the descriptor. */
typedef struct feed {
    int fd;
    size_t len, told;
    char text[FEED_MAX];
} feed;

/* Read, once, and tell the whole lines that have come; good until the next read. One that is too
 * long comes in pieces, one that the end cuts off as it is. Returns 0 at the end. */
int feed_read(feed *f, sse_str *lines);

/* Cut the next line off the front of text, without its LF or CRLF. What is behind the last LF is a
 * line, too. Returns 0 where text is empty. */
int feed_line(sse_str *text, sse_str *line);

#endif
