/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "own_page.h"

#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Read the whole file. Returns what is wrong, or NULL. */
static const char *read_all(sse_str *page, FILE *file)
{
    char *const text = malloc(OWN_PAGE_MAX + 1);

    if (text == NULL)
        return strerror(errno);
    page->ptr = text;
    page->len = fread(text, 1, OWN_PAGE_MAX + 1, file);
    if (ferror(file))
        return strerror(errno);
    if (page->len > OWN_PAGE_MAX)
        return "a page has 1048576 bytes at most";
    return page->len > 0 ? NULL : "the page is empty";
}

int own_page_read(sse_str *page, const char *path)
{
    FILE *const file = fopen(path, "re");
    const char *const wrong = file ? read_all(page, file) : strerror(errno);

    if (file)
        fclose(file);
    if (wrong)
        say_error("%s: %s", path, wrong);
    return wrong ? -1 : 0;
}
