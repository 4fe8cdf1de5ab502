/* SPDX-License-Identifier: MIT */
/* page.h - serve a client from Redis: a page of entries, or the reason why there is none. */
#ifndef RELAY_PAGE_H
#define RELAY_PAGE_H

#include "visitor.h"

/* Ask Redis for the page after the place of a visit. */
void page_ask(visit *v);

/* Have nobody answered: the visit is over. */
void page_forget(visit *v);

#endif
