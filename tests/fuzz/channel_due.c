#include "channel_due.h"

#include "chunks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct says says;

int due_begin(due *d, sse_str last_id)
{
    const uint64_t place = last_id.len > 0 ? twin_behind(last_id) : 0;

    d->next = d->flags & SSE_FROM_LOG ? twin.first : twin.end;
    if (last_id.len > 0) {
        d->next = place > 0 ? place : twin.first;
        d->unknown = place == 0;
        d->gap = place < twin.first;
    }
    d->latest = d->next;
    d->end = UINT64_MAX;
    d->client = parser_new();
    return d->gap ? SSE_GAP : SSE_OK;
}

void due_look(due *d)
{
    d->ends[twin.end] = 1;
    d->firsts[twin.first] = 1;
}

/* Whether a client may see an event. */
static int may_see(const due *d, uint64_t n)
{
    return !d->filtered || twin_event(n)->tag == d->tag;
}

/* Whether no event of these need be shown, as the log is now. */
static int are_hidden(const due *d, uint64_t from, uint64_t to)
{
    for (; from < to; from++)
        if (may_see(d, from) && !(d->flags & SSE_COALESCE && twin_is_superseded(from, twin.end)))
            return 0;
    return 1;
}

/* Whether an event had none that is newer with its key when the library looked. */
static int was_newest(const due *d, uint64_t n)
{
    const uint64_t newer = twin_event(n)->newer;
    uint64_t end;

    if (!(d->flags & SSE_COALESCE) || newer == 0)
        return 1;
    for (end = n + 1; end <= newer; end++)
        if (d->ends[end])
            return 1;
    return 0;
}

/* An event was heard, whose data begins so. */
static void mark(due *d, const char *text)
{
    demand(d->event_count < DUE_EVENTS_MAX);
    memcpy(d->marks[d->event_count++], text, DUE_MARK);
}

static void mark_number(due *d, char word, uint64_t number)
{
    char text[DUE_MARK + 1];

    snprintf(text, sizeof text, "%c%06" PRIu64 " ", word, number);
    mark(d, text);
}

static int is_shared(due *d, sse_str item)
{
    uint64_t n;

    for (n = d->next; n < twin.end; n++)
        if (is_same(item, twin_event(n)->bytes))
            break;
    if (n == twin.end)
        return 0;
    demand(!d->gap && n < d->end && may_see(d, n) && was_newest(d, n));
    demand(are_hidden(d, d->latest, n));
    d->next = d->latest = n + 1;
    mark_number(d, 'e', n);
    return 1;
}

/* A private event comes behind all that was published before it, or some of that is lost. */
static int is_private(due *d, sse_str item)
{
    const size_t k = d->privates_heard;

    if (k == d->private_count || !is_same(item, d->privates[k].bytes))
        return 0;
    demand(d->gap || due_has_lost(d) || are_hidden(d, d->latest, d->privates[k].behind));
    d->privates_heard++;
    mark_number(d, 'p', k);
    return 1;
}

static int is_beat(due *d, sse_str item)
{
    const sse_event comment = {{"", 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};

    if (!is_same(item, twin_stored(says.beat ? says.beat : &comment)))
        return 0;
    demand(d->beats > 0);
    d->beats--;
    d->beats_heard++;
    if (says.beat)
        mark(d, says.beat->data.ptr);
    return 1;
}

/* The number behind a name in an item, which need not end in NUL; 0: there is none. */
static uint64_t number_behind(sse_str item, const char *name)
{
    char text[DUE_BYTES_MAX + 1];
    const char *at;

    memcpy(text, item.ptr, item.len);
    text[item.len] = '\0';
    at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* The gap event that says: all ahead of `first` is lost, count events. */
static sse_str gap_event(const due *d, uint64_t first, uint64_t count)
{
    char data[160];
    sse_event ev = {{NULL, 0}, {NULL, 0}, SSE_LIT("gap"), {data, 0}, 0};
    int len;

    if (d->filtered || d->unknown)
        len = snprintf(data, sizeof data, "{\"first\":null,\"last\":null,\"count\":null}");
    else if (twin.epoch == 0)
        len = snprintf(data, sizeof data, "{\"first\":null,\"last\":null,\"count\":%" PRIu64 "}",
                       count);
    else
        len = snprintf(data, sizeof data,
                       "{\"first\":\"%" PRIx64 "-%" PRIu64 "\",\"last\":\"%" PRIx64 "-%" PRIu64
                       "\",\"count\":%" PRIu64 "}",
                       twin.epoch, first - count, twin.epoch, first - 1, count);
    ev.data.len = (size_t)len;
    if (twin.epoch && !d->filtered)
        ev.id = twin_id(first - 1);
    return twin_stored(&ev);
}

/* A gap event tells of what comes next and was dropped, all of it, at a time when the library has
 * looked. */
static int is_gap(due *d, sse_str item)
{
    const int is_vague = d->filtered || d->unknown;
    const uint64_t count = number_behind(item, "\"count\":");
    uint64_t first = d->gap ? d->next : d->next + 1, least = 0, most = 0;

    for (; first <= twin.first; first++) {
        const uint64_t from = count < first ? first - count : 0;

        if (!d->firsts[first] || !is_same(item, gap_event(d, first, count)))
            continue;
        if (!is_vague && (count == 0 || from < d->next || !are_hidden(d, d->latest, from)))
            continue;
        least = least > 0 ? least : first;
        most = first;
    }
    if (least == 0)
        return 0;
    demand(d->gap || d->flags & SSE_SKIP);
    d->gap = d->unknown = 0;
    d->next = least;
    d->latest = most;
    d->gaps_heard++;
    mark(d, "{\"first\"");
    return 1;
}

/* What the farewell is when it has that reconnection time. */
static sse_str farewell_event(uint32_t retry_ms)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};

    if (says.farewell)
        ev = *says.farewell;
    ev.retry_ms = retry_ms;
    return twin_stored(&ev);
}

/* Whether a drain says something. */
static int says_farewell(void)
{
    return says.farewell || says.retry_ms > 0 || says.retry_window_ms > 0;
}

static int is_farewell(due *d, sse_str item)
{
    const uint64_t retry_ms = number_behind(item, "retry: ");
    const uint64_t least = says.retry_ms > 0 ? says.retry_ms : 1;

    if (says.parting == 0 || !says_farewell() || !is_same(item, farewell_event((uint32_t)retry_ms)))
        return 0;
    if (says.retry_ms == 0 && says.retry_window_ms == 0)
        demand(retry_ms == says.farewell->retry_ms);
    else
        demand(retry_ms >= least && retry_ms <= least + says.retry_window_ms);
    demand(!d->gap && d->privates_heard == d->private_count);
    demand(are_hidden(d, d->latest, says.parting));
    d->is_parted = 1;
    if (says.farewell)
        mark(d, says.farewell->data.ptr);
    return 1;
}

/* The length of the item at the front; 0: it is not whole. */
static size_t item_len(const due *d)
{
    const char *const end = memchr(d->bytes, '\r', d->len);
    size_t i, len;

    if (twin.flags & SSE_CHUNKED) {
        len = end ? strtoul(d->bytes, NULL, 16) + (size_t)(end - d->bytes) + 4 : DUE_BYTES_MAX;
        return len <= d->len ? len : 0;
    }
    for (i = 1; i < d->len; i++)
        if (d->bytes[i - 1] == '\n' && d->bytes[i] == '\n')
            return i + 1;
    return 0;
}

static void hear_item(due *d, sse_str item)
{
    char payload[DUE_BYTES_MAX];
    size_t len = item.len;

    demand(!d->is_ended);
    if (!(twin.flags & SSE_CHUNKED)) {
        parser_feed(d->client, item.ptr, item.len);
    } else if (unchunk(item.ptr, item.len, payload, &len) == CHUNKS_ENDED) {
        d->is_ended = 1;
        demand(len == 0 && due_is_complete(d));
        return;
    } else {
        demand(unchunk(item.ptr, item.len, payload, &len) == CHUNKS_OPEN);
        parser_feed(d->client, payload, len);
    }
    demand(!d->is_parted);
    demand(is_shared(d, item) || is_private(d, item) || is_beat(d, item) || is_gap(d, item) ||
           is_farewell(d, item));
}

void due_hear(due *d, const void *bytes, size_t len)
{
    const size_t head = len < d->head.len ? len : d->head.len;
    size_t n;

    if (head > 0) {
        demand(memcmp(bytes, d->head.ptr, head) == 0);
        d->head.ptr += head;
        d->head.len -= head;
    }
    demand(d->len + len - head <= DUE_BYTES_MAX);
    memcpy(d->bytes + d->len, (const char *)bytes + head, len - head);
    d->len += len - head;
    while ((n = item_len(d)) > 0) {
        hear_item(d, (sse_str){d->bytes, n});
        d->len -= n;
        memmove(d->bytes, d->bytes + n, d->len);
    }
}

int due_is_owed(const due *d)
{
    return d->closing || d->head.len > 0 || d->len > 0 || d->gap ||
           d->privates_heard < d->private_count || !are_hidden(d, d->latest, twin.end);
}

int due_has_lost(const due *d)
{
    return d->next < twin.first;
}

uint64_t due_wants(const due *d)
{
    const int is_plain =
        (d->flags & ~SSE_FROM_LOG) == 0 && !d->filtered && !d->gap && !d->closing && d->len == 0;

    return is_plain && says.parting == 0 && !due_has_lost(d) ? d->next : UINT64_MAX;
}

int due_has_giant(const due *d)
{
    uint64_t n;

    for (n = d->next; n < twin.end; n++)
        if (may_see(d, n) && twin_event(n)->bytes.len > d->capacity)
            return 1;
    return 0;
}

int due_is_complete(const due *d)
{
    uint64_t end = d->end;

    if (says.parting > 0 && says.parting < end)
        end = says.parting; /* at the earliest */
    else if (!d->closing)
        return 0;
    if (d->head.len > 0 || d->gap || d->privates_heard < d->private_count ||
        !are_hidden(d, d->latest, end))
        return 0;
    return d->closing || d->is_parted || !says_farewell();
}

void due_end(due *d)
{
    parsed *const got = parser_end(d->client);
    size_t i;

    demand(got->event_count == d->event_count);
    for (i = 0; i < got->event_count; i++) {
        demand(got->events[i].data.len >= DUE_MARK);
        demand(memcmp(got->events[i].data.ptr, d->marks[i], DUE_MARK) == 0);
    }
    parsed_free(got);
}
