/* SPDX-License-Identifier: MIT */
/* sse/base.h - what every other header needs: linkage and ranges of bytes. No functions.
 *
 * The conventions of the whole library are in sse/sse.h. */
#ifndef SSE_BASE_H
#define SSE_BASE_H

#include <stddef.h>
#include <stdint.h>

/* Linkage. Define these on the compiler's command line; none changes a layout or a signature.
 *
 *   SSE_HIDDEN     when the library is compiled, with GCC or Clang, not on Windows: the program or
 *                  plugin that contains the library does not export its functions
 *   SSE_SHARED     on Windows: the library is a DLL
 *   SSE_BUILDING   on Windows, with SSE_SHARED: when the DLL itself is compiled
 */
#if defined(_WIN32)
#if !defined(SSE_SHARED)
#define SSE_API
#elif defined(SSE_BUILDING)
#define SSE_API __declspec(dllexport)
#else
#define SSE_API __declspec(dllimport)
#endif
#elif !defined(__GNUC__)
#define SSE_API
#elif defined(SSE_HIDDEN)
#define SSE_API __attribute__((visibility("hidden")))
#else
#define SSE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A borrowed range of bytes.
 *
 *   ptr   NULL: the range is absent. Not NULL with len 0: it is present and empty. It need not end
 *         in NUL.
 *   len   bytes; 0 where ptr is NULL
 *
 * A function reads the bytes during the call and does not keep the range. */
typedef struct sse_str {
    const char *ptr;
    size_t len;
} sse_str;

/* The range of a string literal, without its NUL.
 *
 * SSE_LIT is an expression:          ev.data = SSE_LIT("tick");
 * SSE_STR_INIT is an initializer:    static const sse_event ping = {.type = SSE_STR_INIT("ping")};
 *
 * C99 does not accept SSE_LIT as the initializer of a static object. */
#ifdef __cplusplus
#define SSE_LIT(text) (sse_str{"" text, sizeof(text) - 1})
#else
#define SSE_LIT(text) ((sse_str){"" text, sizeof(text) - 1})
#endif
/* clang-format off */
#define SSE_STR_INIT(text) {"" text, sizeof(text) - 1}
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
