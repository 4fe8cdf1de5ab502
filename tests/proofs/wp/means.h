/* SPDX-License-Identifier: MIT */
/* means.h - how the contracts define a predicate: MEANS(what it reads, what it says).
 *
 * The proofs about whole events are given the lemmas alone: there a predicate has no meaning but
 * what they say of it, and they are proved where it has. */
#ifdef LEMMAS_ALONE
#define MEANS(where, ...) reads where
#else
#define MEANS(where, ...) = __VA_ARGS__
#endif
