/* SPDX-License-Identifier: MIT */
/* histories.c - the short lives of small histories: every sequence of so many calls, in each kind
 * of ids and framing. The bytes of an event are what a writer makes of it; which events are left is
 * worked out beforehand:
 *
 *     the places of the newest events, in one piece each       | 4 | 5 |    | 2 | 3 |
 *     the next goes after the newest, or else to the start              ^ as few go as must */
#include "ledger.h"

#include "sse/history.h"
#include "sse/writer.h"

#include <string.h>

enum { EVENTS = 3, CAPACITY = 120, CALLS = 6, LIVES_MAX = 8 };

static const char text[] = "once upon a midnight dreary\nwhile I pondered weak and weary";

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];
static sse_history *history;
static unsigned kind; /* 1: chunks, 2: automatic ids */

/* The model. Events are numbered from 1, runs of the program from 0. */
static unsigned first, next, born, run;
static unsigned old_born; /* of the run before; 0: its newest event is gone */
static struct {
    unsigned char data_len, place, len, run;
} given[WORD_MAX + 2];

static char calls[WORD_MAX];
static size_t calls_len;

static void check(int truth, const char *what)
{
    expect(truth, what, calls, calls_len, kind);
}

/* The runs of a program are told from each other by the epoch. */
static uint64_t epoch(void)
{
    return kind & 2 ? UINT64_C(0xFEDCBA9876543210) + run : 0;
}

/* The id of the event with a number below 10, in a run. */
static sse_str id_of(unsigned number, unsigned in_run, char *memory_of_id)
{
    static const char origins[LIVES_MAX][18] = {
        "42e84ec4bdeacee4-", "41e63ac3dc90d3fd-", "4a88dc6fb38c761a-", "bde8556bf8281b2a-",
        "90950a662e7ae0f3-", "69ce3eb5443212bb-", "2c0a2f6ffc020f50-", "4aaf3b9c7f08c73b-",
    };
    const char *const origin = kind & 2 ? origins[in_run] : "#";
    sse_str id = {memory_of_id, 0};

    id.len = strlen(origin) + 1;
    memcpy(memory_of_id, origin, id.len - 1);
    memory_of_id[id.len - 1] = (char)('0' + number);
    return id;
}

/* Make the bytes of an event as they go out. Returns how many there are. */
static size_t bytes_of(unsigned number, char *bytes)
{
    static size_t block[SSE_WRITER_WORDS(CAPACITY)];
    sse_writer *w = sse_writer_init(block, sizeof block, kind & 1 ? SSE_WRITER_CHUNKED : 0);
    char id[SSE_HISTORY_ID_MAX];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {text, 0}};
    size_t len;

    ev.id = id_of(number, given[number].run, id);
    ev.data.len = given[number].data_len;
    check(sse_writer_send(w, &ev) == SSE_OK, "a writer takes the event");
    check(sse_writer_read(w, bytes, CAPACITY, &len) == SSE_OK && sse_writer_idle(w),
          "and gives it");
    return len;
}

/* Whether bytes of the room are there, and none of them is of an event that is kept. */
static int is_free(unsigned place, unsigned len, unsigned kept)
{
    for (; kept < next; kept++)
        if (place < given[kept].place + given[kept].len && given[kept].place < place + len)
            return 0;
    return place + len <= CAPACITY;
}

static void append(unsigned data_len)
{
    char memory_of_id[SSE_HISTORY_ID_MAX], bytes[CAPACITY];
    const sse_str id = id_of(next, run, memory_of_id);
    unsigned place = 0, len;
    int status;

    given[next].data_len = (unsigned char)data_len;
    given[next].run = (unsigned char)run;
    len = (unsigned)bytes_of(next, bytes);
    for (; first < next; first++) {
        if (next - first >= EVENTS)
            continue;
        place = given[next - 1].place + given[next - 1].len;
        if (is_free(place, len, first))
            break;
        place = 0;
        if (is_free(place, len, first))
            break;
    }
    given[next].place = (unsigned char)(first < next ? place : 0);
    given[next].len = (unsigned char)len;
    status = sse_history_append_parts(history, NULL, 0, kind & 2 ? NULL : id.ptr,
                                      kind & 2 ? 0 : id.len, text, data_len, 0, 0, next);
    check(fold_int(status) == SSE_OK, "the history takes it");
    next++;
}

static void expire(void)
{
    check(fold_int(sse_history_expire(history, first + 1u)) == SSE_OK, "the oldest can expire");
    first += first < next;
}

static void open_again(void)
{
    run++;
    check(sse_history_open(history, sizeof memory, EVENTS, kind & 1 ? SSE_HISTORY_CHUNKED : 0,
                           epoch(), "/events", 7) == history,
          "it is found");
    old_born = first < next || next == 1 ? born : 0;
    if (first == next)
        first = next = 1;
    born = next;
}

/* Get each event that there was, the one before all, and two to come. */
static void get_all(void)
{
    char want[CAPACITY];
    unsigned number;

    for (number = 0; number <= next + 1; number++) {
        const int held = number >= first && number < next;
        const void *bytes;
        size_t len;
        const int status = fold_int(sse_history_get(history, number, &bytes, &len));

        check(status == (held                            ? SSE_OK
                         : number == 0 || number >= next ? SSE_E_RANGE
                                                         : SSE_GAP),
              "an event is kept, or gone, or still to come");
        if (status != SSE_OK)
            continue;
        fold(bytes, len);
        check(len == bytes_of(number, want) && memcmp(bytes, want, len) == 0,
              "the bytes are those of the event");
    }
}

static void call(unsigned which)
{
    static const unsigned char data_len[] = {1, 25, 59, 40};

    switch (which) {
    case 4:
        expire();
        break;
    case 5:
        open_again();
        break;
    default:
        append(data_len[which]);
    }
    check(sse_history_first(history) == first && sse_history_next(history) == next,
          "the history has what it should have");
    get_all();
}

/* Find the place after each event that there was, in whichever run, the place before all, and one
 * to come; and get their ids. */
static void find(void)
{
    char memory_of_id[SSE_HISTORY_ID_MAX], got[SSE_HISTORY_ID_MAX];
    unsigned number, in_run;

    for (number = 0; number <= next; number++)
        for (in_run = 0; in_run <= run; in_run++) {
            const sse_str id = id_of(number, in_run, memory_of_id);
            const int held =
                number >= first && number < next && (!(kind & 2) || given[number].run == in_run);
            const int known = held ||
                              (kind & 2 && in_run == run && number + 1 >= born && number < next) ||
                              (kind & 2 && in_run + 1 == run && old_born > 0 &&
                               number + 1 >= old_born && number < born);
            uint64_t place;
            size_t len;
            int status = sse_history_find(history, id.ptr, id.len, &place);

            check(fold_int(status) == (known ? SSE_OK : SSE_GAP), "an id is known, or it is not");
            check(place == (known ? number + 1 : first), "the place is after it, or the oldest");
            if (in_run < run)
                continue;
            status = fold_int(sse_history_id(history, number, got, sizeof got, &len));
            check(status == (!(kind & 2)                           ? SSE_E_STATE
                             : number < next && number + 1 >= born ? SSE_OK
                                                                   : SSE_E_RANGE),
                  "an event has an id");
            check(status != SSE_OK || (len == id.len && memcmp(got, id.ptr, len) == 0),
                  "it is this");
        }
}

void try_histories(unsigned size)
{
    word w;

    word_first(&w, size, CALLS);
    do
        for (kind = 0; kind < 4; kind++) {
            for (calls_len = 0; calls_len < size; calls_len++)
                calls[calls_len] = (char)('0' + w.at[calls_len]);
            run = 0;
            history = sse_history_init(memory, sizeof memory, EVENTS,
                                       kind & 1 ? SSE_HISTORY_CHUNKED : 0, epoch(), "/events", 7);
            check(history != NULL, "there is a history");
            first = next = born = 1;
            old_born = 0;
            for (calls_len = 0; calls_len < size; calls_len++)
                call(w.at[calls_len]);
            find();
            ledger_cases++;
        }
    while (word_next(&w));
}
