/* SPDX-License-Identifier: MIT */
/* world.h - what the files of the calls have in common; see model.h. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "model.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

sse_history *world_history(void);
sse_subscriber *world_sub(const client *c);

/* Print, if that is wanted. */
void world_say(const char *format, ...);

/* The memory of a client is the caller's: whatever the library does there, is wrong. */
void world_spoil(client *c);

/* What a call has returned. Returns whether it says that the client is closed. */
int world_is_over(client *c, int status);

/* Whether a tick may have closed it. */
int world_may_be_closed(const client *c);

/* What holds after each call. */
void world_settle(void);

/* What next has returned; what holds when it has returned NULL. */
int world_judge_next(sse_subscriber *s, int flushed);
void world_judge_rest(void);

/* Whether a client gets an event. It is left out for a newer one; perhaps, if the newer one comes
 * after a private event, or after the drain has begun. */
unsigned world_bits(const client *c, uint64_t number);

/* What was said before of whether an event comes changes, unless it may be in the queue. */
void world_decide(client *c, uint64_t n, unsigned bits);

#endif
