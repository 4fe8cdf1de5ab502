/* SPDX-License-Identifier: MIT */
/* text.h - ranges of bytes in initializers, in short. */
#ifndef TESTS_TEXT_H
#define TESTS_TEXT_H

/* clang-format off */
#define TEXT(text) SSE_STR_INIT(text)
#define ABSENT     {NULL, 0}
/* clang-format on */

#endif
