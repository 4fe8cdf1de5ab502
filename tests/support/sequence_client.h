/* sequence_client.h - what one client of a channel is to hear, and what it has heard. Needs cmocka.
 *
 * Ids are automatic with the epoch 14, and the data of an event is its number:
 *
 *     : head                         the response head, once, first
 *     id: e-7 data: 7                what was published, each, in order
 *     event: gap id: e-9 data: ...   what of it was lost
 *     event: private data: 0         what was sent to it alone, behind what was published before
 *     :                              a heartbeat
 *     event: bye data: (empty)       the farewell of a drain
 *
 * The bytes are compared with these texts, so that half of one is followed by its other half. */
#ifndef TESTS_SEQUENCE_CLIENT_H
#define TESTS_SEQUENCE_CLIENT_H

#include "sse/replay.h"

enum { CLIENT_EPOCH = 14, CLIENT_ITEMS = 16, CLIENT_STREAM = 800 };

#define CLIENT_HEAD ": head\n\n"

typedef struct due {
    uint32_t framing;
    uint64_t from; /* the first event; 0: that which a gap event names */
    uint64_t end;  /* behind the last that it gets */
    size_t private_count;
    uint64_t behind[CLIENT_ITEMS]; /* the end of the log when it was sent */
    size_t beats;
    int closing, parting;
    size_t len;
    char bytes[CLIENT_STREAM]; /* that were taken */
} due;

typedef struct heard {
    size_t len;
    uint64_t next; /* the event that comes next; 0: not known yet */
    size_t privates, beats, byes, gaps, shared;
    size_t part;   /* bytes of the item that was cut; above 0 also where its framing was */
    uint64_t last; /* the event of the log that was heard last; 0: something else was */
    uint64_t cut;  /* the event of the log that this may be; 0: it is none */
    int is_ended;  /* the last chunk was heard */
} heard;

/* Spell the texts. */
void client_texts(void);

/* Go over the first len bytes. first: the oldest event of the log, up to which events may have been
 * lost. Anything that is not due fails the test. */
heard hear(const due *d, size_t len, uint64_t first);

/* Tell whether there is more to come. */
int is_owed(const due *d, const heard *h);

/* Let the reference parser tell the same. */
void parse_heard(const due *d, const heard *h);

#endif
