/* SPDX-License-Identifier: MIT */
/* missing.h - why Redis does not have what a client had last. */
#ifndef RELAY_MISSING_H
#define RELAY_MISSING_H

#include "visitor.h"

/* Redis has another entry with the id of a visit, or none: have it go on before what was withdrawn,
 * wait, or have it be told of a gap. The probe has XINFO. */
void missing_explain_hash(visit *v);
void missing_explain(visit *v, const reply_probe *p);

/* Have a visit be told of a gap, before the oldest entry. */
void missing_make_gap(visit *v, enum gap_reason reason);

#endif
