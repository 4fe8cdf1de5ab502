/* SPDX-License-Identifier: MIT */
/* ledger.h - what the parts of the ledger share.
 *
 * The ledger tries everything that is small: each part has a size, and tries all cases of that
 * size. A case is checked by a rule that is not the library's, and every byte and every result that
 * the library gave goes into a hash. A part and a size make a line:
 *
 *     level part       size      cases hash
 *         4 payloads      9  134217728 c4b875a75e2fe1d5
 *
 * The lines are the same on every machine: plain C99, no operating system, no heap, integers of any
 * size, bytes in either order. How long a machine can take is its level, from 1 to 4: it prints
 * those lines of ledger.txt that have its level or a lower one. */
#ifndef TESTS_LEDGER_H
#define TESTS_LEDGER_H

#include "word.h"
#include "sse/base.h"

#define LEDGER_LEVELS 4

/* Print the ledger of a level, or only one part of it; name NULL: all. Does not return where a case
 * is wrong. */
void ledger_run(unsigned level, const char *name);

/* What a machine has to give: a way to print, and a way to stop as a failure. */
void machine_print(const char *text);
void machine_fail(void);

/* The parts: try all cases of a size. */
void try_payloads(unsigned size);
void try_events(unsigned size);
void try_pieces(unsigned size);
void try_schedules(unsigned size);
void try_rings(unsigned size);
void try_lines(unsigned size);
void try_texts(unsigned size);
void try_utf8(unsigned size);
void try_long_texts(unsigned size);
void try_accept(unsigned size);
void try_resume(unsigned size);
void try_histories(unsigned size);

/* The line so far. */
extern uint32_t ledger_cases;
extern uint64_t ledger_hash;

/* Put bytes into the hash: FNV-1a. */
static inline void fold(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t hash = ledger_hash;

    for (; len > 0; p++, len--)
        hash = (hash ^ *p) * UINT64_C(0x100000001b3);
    ledger_hash = hash;
}

/* The same for a result, or another small number; returns it. */
static inline int fold_int(int number)
{
    const unsigned char byte = (unsigned char)number;

    fold(&byte, 1);
    return number;
}

/* Stop: a case is wrong. Prints what is, the text of the case with all but printable ASCII
 * escaped, and a number that tells which of the cases with this text it is. */
void wrong(const char *what, const void *text, size_t len, uint32_t number);

static inline void expect(int truth, const char *what, const void *text, size_t len,
                          uint32_t number)
{
    if (!truth)
        wrong(what, text, len, number);
}

#endif
