/* SPDX-License-Identifier: MIT */
/* date.h - the time of day, as a Date field has it. */
#ifndef SSECAT_DATE_H
#define SSECAT_DATE_H

#include <sse/base.h>

/* Return the time now, as in "Sun, 06 Nov 1994 08:49:37 GMT". The text is valid until the next
 * call, and is made once a second.
 * Spec: RFC 9110, section 5.6.7. */
sse_str date_now(void);

#endif
