/* SPDX-License-Identifier: MIT */
/* assert.h - private: what the compiler is made to check. */
#ifndef SSE_ASSERT_H
#define SSE_ASSERT_H

/* Refuse to compile where a constant expression is 0. `name` says what is claimed; it is unique in
 * its file. C99 has no static assertion, but an array cannot have a negative length. */
#define SSE_STATIC_ASSERT(claim, name) typedef char sse_assert_##name[(claim) ? 1 : -1]

#endif
