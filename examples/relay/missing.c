/* SPDX-License-Identifier: MIT */
#include "missing.h"

enum {
    LOOK_MS = 100,   /* before Redis is asked again */
    ABSENT_MS = 2000 /* for an id to appear that is above all others */
};

void missing_make_gap(visit *v, enum gap_reason reason)
{
    if (!v->has_gap) {
        v->reason = reason;
        v->last = v->at;
        v->has_last = 1;
        v->withdrawn = GAP_UNKNOWN;
    }
    v->has_gap = 1;
    v->missed = GAP_UNKNOWN;
    v->from = VISIT_OLDEST;
}

/* Its id is above all that there is: that may be a replica that lags, or a primary that was
 * isolated. Returns 1 as long as it may yet appear. */
static int may_appear(visit *v)
{
    stream *const s = v->stream;

    if (v->absent_ms == 0) {
        v->absent_ms = stream_now(s);
        sentinels_ask(s->sentinels);
    }
    v->due_ms = stream_now(s) + LOOK_MS;
    if (stream_now(s) - v->absent_ms < ABSENT_MS)
        return 1;
    s->told[s->told_count++ % STREAM_TOLD_MAX] = v->at;
    return 0;
}

/* Go on after the entries that were withdrawn, if it is at one of them. Returns whether. */
static int leave_phantoms(visit *v)
{
    const entry_id at = v->at;
    const log_phantom *p;

    while (v->from == VISIT_AFTER && !log_has(&v->stream->log, &v->at) &&
           (p = log_find_phantom(&v->stream->log, &v->at)) != NULL) {
        const uint64_t before = v->has_gap ? v->withdrawn : 0;

        if (!v->has_gap)
            missing_make_gap(v, GAP_PHANTOM);
        v->withdrawn = before + p->withdrawn;
        v->missed = 0;
        v->at = p->after;
        v->from = VISIT_AFTER;
        v->absent_ms = 0;
    }
    return !entry_id_same(&v->at, &at);
}

/* Why Redis does not have an id that is not above all others. */
static enum gap_reason reason_of(const entry_id *at, const reply_probe *p)
{
    if (p->length == 0)
        return GAP_FLUSHED;
    if (entry_id_order(at, &p->last) > 0)
        return GAP_PHANTOM;
    if (entry_id_order(at, &p->first) < 0)
        return GAP_TRIMMED;
    return entry_id_order(&p->deleted, at) < 0 ? GAP_PHANTOM : GAP_DELETED;
}

void missing_explain(visit *v, const reply_probe *p)
{
    const int is_above = entry_id_order(&v->at, &p->last) > 0;

    if (!leave_phantoms(v) && (!is_above || !may_appear(v)))
        missing_make_gap(v, reason_of(&v->at, p));
}

void missing_explain_hash(visit *v)
{
    if (!leave_phantoms(v))
        missing_make_gap(v, GAP_HISTORY);
}
