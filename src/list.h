/* SPDX-License-Identifier: MIT */
/* list.h - private: rings of subscribers, linked through their first member. */
#ifndef SSE_LIST_H
#define SSE_LIST_H

#include "sse/subscriber.h"

static inline void sse_list_init(sse_link *list)
{
    list->next_ = list;
    list->previous_ = list;
}

static inline int sse_list_is_empty(const sse_link *list)
{
    return list->next_ == list;
}

/* The first subscriber of a list, or the one after another one; there must be one. */
static inline sse_subscriber *sse_list_next(const sse_link *link)
{
    return (sse_subscriber *)(void *)link->next_;
}

/* Take a subscriber out of the list that it is in. */
static inline void sse_list_remove(const sse_subscriber *s)
{
    s->link_.next_->previous_ = s->link_.previous_;
    s->link_.previous_->next_ = s->link_.next_;
}

/* Put a subscriber that is in no list at the end of one. */
static inline void sse_list_append(sse_link *list, sse_subscriber *s)
{
    s->link_.next_ = list;
    s->link_.previous_ = list->previous_;
    list->previous_->next_ = &s->link_;
    list->previous_ = &s->link_;
}

/* Move a subscriber to the end of a list. */
static inline void sse_list_move(sse_link *list, sse_subscriber *s)
{
    sse_list_remove(s);
    sse_list_append(list, s);
}

/* Move all of a list, which may be empty, to the end of another one. */
static inline void sse_list_splice(sse_link *list, sse_link *from)
{
    list->previous_->next_ = from->next_;
    from->next_->previous_ = list->previous_;
    list->previous_ = from->previous_;
    from->previous_->next_ = list;
    sse_list_init(from);
}

#endif
