/* text.h - ranges of bytes in initialisers. (SSE_LIT is an expression, which C99 does not take for
 * what is static.) */
#ifndef TESTS_TEXT_H
#define TESTS_TEXT_H

/* clang-format off */
#define TEXT(text) {"" text, sizeof(text) - 1}
#define ABSENT     {NULL, 0}
/* clang-format on */

#endif
