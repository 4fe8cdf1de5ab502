/* SPDX-License-Identifier: MIT */
/* publish.h - POST /publish: add an entry, with a field that makes it unique, and say whether it is
 * safe. */
#ifndef RELAY_PUBLISH_H
#define RELAY_PUBLISH_H

#include "../ssecat/answer.h"

/* What refuses it; and its begin: see answer.h. */
int publish_check(const question *q);
int publish_begin(client *c, const question *q);

#endif
