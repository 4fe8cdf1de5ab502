/* SPDX-License-Identifier: MIT */
/* visitor.h - the struct of a visit, for those files that serve it. */
#ifndef RELAY_VISITOR_H
#define RELAY_VISITOR_H

#include "filter.h"
#include "relay.h"

enum { VISIT_PAGE_FIRST = 8 }; /* entries of the first page */

typedef struct visit visit;

struct visit {
    errand errand;
    client *client;
    stream *stream;
    visit *next, *previous;
    int is_waiting; /* it has not joined */

    enum {
        VISIT_NEW,   /* it begins with the next entry */
        VISIT_AFTER, /* it goes on after `at` */
        VISIT_OLDEST /* it is told of its gap, and goes on with the oldest entry that there is */
    } from;
    entry_id at;

    int has_gap; /* it is to be told of one, when it is known what follows */
    enum gap_reason reason;
    int has_last;
    entry_id last; /* with which it has come */
    uint64_t missed, withdrawn;

    uint64_t due_ms;           /* when to look again */
    uint64_t beat_ms;          /* when to send a comment */
    uint64_t absent_ms;        /* since when its id is above all that Redis has; 0: it is not */
    struct page_question *ask; /* that is out; NULL: none is */
    size_t page;               /* entries of the next page */
    int asks_why;              /* Redis did not have its id: XINFO is to tell why */
    size_t room;               /* bytes of the writer that it has for pages; 0: it has had none */

    int latest; /* newer entries of a key replace older ones */
    filter filter;
    entry_id placed;  /* the last place that it was told */
    uint64_t renewal; /* of the log that it has joined */
};

/* Go on, if nothing is awaited. */
void visit_step(visit *v);

#endif
