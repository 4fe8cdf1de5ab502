/* SPDX-License-Identifier: MIT */
/* page.h - what the pages share: the scripts that they load, and texts of forms as HTML. */
#ifndef PAGES_PAGE_H
#define PAGES_PAGE_H

#include "web.h"

/* Answer with a script of the command line, the one whose file has the name in the path. With 404
 * where there is none. */
void page_script(const web_request *r, char **files);

enum {
    PAGE_FIELD_MAX = 2000,             /* the most bytes of a field of a form */
    PAGE_HTML = 6 * PAGE_FIELD_MAX + 1 /* and what they can become */
};

/* Get a field of the form that was sent as HTML, which shows it as it is: markup is escaped.
 *
 *   html   gets the text and NUL; PAGE_HTML bytes
 *
 * Returns its length; 0: there is no such field, or it is empty, too long, not UTF-8, or has a NUL:
 * answer 422. */
size_t page_field(const web_request *r, const char *name, char *html);

/* Returns 1 where this is the method and the path of the request. HEAD counts as GET. */
int page_is(const web_request *r, const char *method, const char *path);

#endif
