/* SPDX-License-Identifier: MIT */
/* page.c - see page.h. */
#define _POSIX_C_SOURCE 200809L
#include "page.h"

#include <stdio.h>
#include <string.h>

int page_is(const web_request *r, const char *method, const char *path)
{
    const char *const asked = strcmp(r->method.ptr, "HEAD") == 0 ? "GET" : r->method.ptr;

    return strcmp(asked, method) == 0 && strcmp(r->path.ptr, path) == 0;
}

static const char *name_of(const char *file)
{
    const char *const slash = strrchr(file, '/');

    return slash != NULL ? slash + 1 : file;
}

void page_script(const web_request *r, char **files)
{
    static char script[1 << 20];
    FILE *file;
    size_t len;

    while (*files != NULL && (*r->path.ptr != '/' || strcmp(name_of(*files), r->path.ptr + 1) != 0))
        files++;
    file = *files != NULL ? fopen(*files, "rb") : NULL;
    if (file == NULL) {
        web_refuse(r, 404);
        return;
    }
    len = fread(script, 1, sizeof script, file);
    if (len < sizeof script && !ferror(file))
        web_reply(r, 200, "text/javascript", script, len, NULL, 0);
    fclose(file);
}

static const char *escaped(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

size_t page_field(const web_request *r, const char *name, char *html)
{
    char value[PAGE_FIELD_MAX];
    size_t len, i, made = 0;

    if (sse_http_query(r->body.ptr, r->body.len, name, strlen(name), value, sizeof value, &len) !=
            SSE_OK ||
        !sse_utf8_valid(value, len) || (len > 0 && memchr(value, '\0', len) != NULL))
        return 0;
    for (i = 0; i < len; i++) {
        const char *const text = escaped(value[i]);
        const size_t more = text != NULL ? strlen(text) : 1;

        memcpy(html + made, text != NULL ? text : &value[i], more);
        made += more;
    }
    html[made] = '\0';
    return made;
}
