/* logs.c - the short lives of small logs: every sequence of so many calls, with a reader, in each
 * kind of ids and framing. What a reader gets is what a writer makes of the same events; which of
 * them are left is what the log has said beforehand. */
#include "ledger.h"

#include "sse/cursor.h"
#include "sse/writer.h"

#include <string.h>

enum { EVENTS = 3, ROOM = 120, ENTRY_MAX = ROOM };

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, ROOM)];
static sse_history *history;
static sse_cursor reader;
static unsigned kind; /* 1: chunks, 2: automatic ids */

/* The model. Events are numbered from 1. */
static unsigned first, end;
static unsigned char lengths[WORD_MAX + 2]; /* of the data */

/* The reader's: the event that comes next, how much of it it has, whether more is offered. */
static unsigned next, at, offered;

static char calls[WORD_MAX];
static size_t calls_len;

static void check(int truth, const char *what)
{
    expect(truth, what, calls, calls_len, kind);
}

/* The id of the event with a number below 10. */
static sse_str id_of(unsigned number, char *memory_of_id)
{
    sse_str id = {memory_of_id, 0};

    id.len = kind & 2 ? 18 : 2;
    memcpy(memory_of_id, kind & 2 ? "fedcba9876543210-" : "#", id.len - 1);
    memory_of_id[id.len - 1] = (char)('0' + number);
    return id;
}

/* The event with a number; its id is kept in id. */
static sse_event event_of(unsigned number, char *id)
{
    static const char data[] = "once upon a midnight dreary\nwhile I pondered weak and weary";
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {data, 0}};

    ev.id = id_of(number, id);
    ev.data.len = lengths[number];
    return ev;
}

/* Make the bytes of an event as they go out. Returns how many there are. */
static size_t bytes_of(unsigned number, char *bytes)
{
    static size_t block[SSE_WRITER_WORDS(ENTRY_MAX)];
    sse_writer *w = sse_writer_init(block, sizeof block, kind & 1 ? SSE_HISTORY_CHUNKED : 0);
    char id[SSE_HISTORY_ID_MAX];
    const sse_event ev = event_of(number, id);
    size_t len;

    check(sse_writer_send(w, &ev) == SSE_OK, "a writer takes the event");
    check(sse_writer_read(w, bytes, ENTRY_MAX, &len) == SSE_OK && sse_writer_idle(w),
          "and gives it");
    return len;
}

static void append(unsigned length)
{
    char id[SSE_HISTORY_ID_MAX], bytes[ENTRY_MAX];
    unsigned number, kept = 0;
    sse_event ev;
    size_t len;

    lengths[end] = (unsigned char)length;
    ev = event_of(end, id);
    len = bytes_of(end, bytes);
    for (number = first; number < end; number++)
        kept += (unsigned)sse_history_fits(history, len, number);
    if (kind & 2) { /* the log makes the same one */
        ev.id.ptr = NULL;
        ev.id.len = 0;
    }
    check(fold_int(sse_history_append(history, &ev, 0, 0, end)) == SSE_OK, "the log takes it");
    check(kept < EVENTS, "there are no more than was agreed");
    first = end++ - kept;
}

/* What stands in the way of reading. */
static int state(void)
{
    if (next < first)
        return at > 0 || offered ? SSE_E_TORN : SSE_GAP;
    return next < end ? SSE_OK : SSE_AGAIN;
}

static void read(size_t most)
{
    char got[ROOM], want[ENTRY_MAX];
    const int expected = state();
    size_t len = 99, taken;
    int status = fold_int(sse_cursor_read(&reader, history, got, most, &len));

    check(status == expected, "the reader is told how it stands");
    check(status == SSE_OK ? len > 0 && len <= most : len == 0, "it gets no more than it can take");
    fold(got, len);
    if (status != SSE_OK)
        return;
    for (taken = 0; taken < len; taken++) {
        const size_t entry = bytes_of(next, want);

        check(got[taken] == want[at], "the bytes are those of the event");
        if (++at == entry) {
            next++;
            at = 0;
        }
    }
    offered = 0;
}

static void peek(void)
{
    sse_str run;
    size_t count;
    const int status = fold_int(sse_cursor_peek(&reader, history, &run, 1, &count));

    check(status == state() && count == (status == SSE_OK), "the reader is told how it stands");
    if (status == SSE_OK)
        offered = 1;
}

static void skip(void)
{
    const int expected = state();
    uint64_t from, count;
    const int status = fold_int(sse_cursor_skip(&reader, history, &from, &count));

    if (expected == SSE_E_TORN) {
        check(status == SSE_E_TORN, "an event that is torn cannot be skipped");
        return;
    }
    check(status == SSE_OK && from == next, "a reader can skip");
    check(count == (expected == SSE_GAP ? first - next : 0), "what was dropped is counted");
    next += (unsigned)count;
}

static void expire(void)
{
    check(fold_int(sse_history_expire(history, first + 1u)) == SSE_OK, "the oldest can expire");
    first += first < end;
}

static void call(unsigned which)
{
    static const unsigned char length[] = {1, 25, 59};

    switch (which) {
    case 3:
        read(9);
        break;
    case 4:
        read(ROOM);
        break;
    case 5:
        peek();
        break;
    case 6:
        skip();
        break;
    case 7:
        expire();
        break;
    default:
        append(length[which]);
    }
    check(sse_history_first(history) == first && sse_history_end(history) == end,
          "the log has what it should have");
    check(sse_cursor_next(&reader) == next, "the reader stands where it should");
}

/* Ask for the place behind each event that there was, the place ahead of all, and one to come. */
static void find(void)
{
    char memory_of_id[SSE_HISTORY_ID_MAX], told[SSE_HISTORY_ID_MAX];
    unsigned number;

    for (number = 0; number <= end; number++) {
        const sse_str id = id_of(number, memory_of_id);
        const int known = kind & 2 ? number < end : number >= first && number < end;
        uint64_t place;
        size_t len;
        int status = sse_history_find(history, id.ptr, id.len, &place);

        check(fold_int(status) == (known ? SSE_OK : SSE_GAP), "an id is known, or it is not");
        check(place == (known ? number + 1 : first), "the place is behind it, or the oldest");
        status = fold_int(sse_history_id(history, number, told, &len));
        check(status == (!(kind & 2)    ? SSE_E_STATE
                         : number < end ? SSE_OK
                                        : SSE_E_RANGE),
              "an event has an id");
        check(status != SSE_OK || (len == id.len && memcmp(told, id.ptr, len) == 0), "it is this");
    }
}

void try_logs(unsigned size)
{
    word w;

    word_first(&w, size, 8);
    do
        for (kind = 0; kind < 4; kind++) {
            for (calls_len = 0; calls_len < size; calls_len++)
                calls[calls_len] = (char)('0' + w.at[calls_len]);
            history = sse_history_init(memory, sizeof memory, EVENTS,
                                      kind & 2 ? UINT64_C(0xFEDCBA9876543210) : 0,
                                      kind & 1 ? SSE_HISTORY_CHUNKED : 0);
            check(history != NULL, "there is a log");
            check(sse_cursor_init(&reader, 1, 0, NULL, NULL) == SSE_OK, "there is a reader");
            first = end = next = 1;
            at = offered = 0;
            for (calls_len = 0; calls_len < size; calls_len++)
                call(w.at[calls_len]);
            find();
            ledger_cases++;
        }
    while (word_next(&w));
}
