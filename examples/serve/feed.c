#define _GNU_SOURCE

#include "feed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How much of a text without a line end to tell: all but a character that is not complete. */
static size_t whole_characters(const char *text, size_t len)
{
    size_t at = len;

    while (at > 0 && len - at < 3 && ((unsigned char)text[at - 1] & 0xC0) == 0x80)
        at--;
    return at > 1 && (unsigned char)text[at - 1] >= 0xC0 ? at - 1 : len;
}

int feed_read(feed *f, sse_str *lines)
{
    const char *end;
    ssize_t n;

    f->len -= f->told;
    memmove(f->text, f->text + f->told, f->len);
    do
        n = read(f->fd, f->text + f->len, sizeof f->text - f->len);
    while (n < 0 && errno == EINTR);
    f->len += n > 0 ? (size_t)n : 0;
    end = memrchr(f->text, '\n', f->len);
    if (n <= 0)
        f->told = f->len;
    else if (end)
        f->told = (size_t)(end - f->text) + 1;
    else
        f->told = f->len == sizeof f->text ? whole_characters(f->text, f->len) : 0;
    *lines = (sse_str){f->text, f->told};
    return n > 0;
}

int feed_line(sse_str *text, sse_str *line)
{
    const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;

    if (text->len == 0)
        return 0;
    *line = (sse_str){text->ptr, end ? (size_t)(end - text->ptr) : text->len};
    text->ptr += line->len + (end ? 1 : 0);
    text->len -= line->len + (end ? 1 : 0);
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return 1;
}
