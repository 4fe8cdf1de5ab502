/* sse/base.h - what every other header needs: linkage and byte ranges. No functions.
 *
 * The conventions that hold for all of the library stand in sse/sse.h. */
#ifndef SSE_BASE_H
#define SSE_BASE_H

#include <stddef.h>
#include <stdint.h>

/* Linkage. SSE_SHARED: the library is a DLL; SSE_BUILDING: it is being compiled. Neither changes
 * a layout or a signature, and neither is needed outside of Windows. */
#if defined(_WIN32) && defined(SSE_SHARED)
#if defined(SSE_BUILDING)
#define SSE_API __declspec(dllexport)
#else
#define SSE_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define SSE_API __attribute__((visibility("default")))
#else
#define SSE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A borrowed range of bytes.
 *
 *   ptr   NULL: absent. Not NULL with len 0: present and empty. Need not end in NUL.
 *   len   bytes; 0 where ptr is NULL
 *
 * The bytes are read during the call that takes the range and never kept. */
typedef struct sse_str {
    const char *ptr;
    size_t len;
} sse_str;

/* The range of a string literal, without its NUL: ev.data = SSE_LIT("tick"). */
#ifdef __cplusplus
#define SSE_LIT(text) (sse_str{"" text, sizeof(text) - 1})
#else
#define SSE_LIT(text) ((sse_str){"" text, sizeof(text) - 1})
#endif

#ifdef __cplusplus
}
#endif

#endif
