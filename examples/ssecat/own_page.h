/* SPDX-License-Identifier: MIT */
/* own_page.h - a page of the user's in place of that of ssecat: --page. */
#ifndef SSECAT_OWN_PAGE_H
#define SSECAT_OWN_PAGE_H

#include <sse/sse.h>

enum { OWN_PAGE_MAX = 1024 * 1024 };

/* Read the file into memory that stays. Returns 0, or -1 and has said what is wrong. */
int own_page_read(sse_str *page, const char *path);

#endif
