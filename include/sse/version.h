/* SPDX-License-Identifier: MIT */
/* sse/version.h - the version of the headers, and of the library that was linked. */
#ifndef SSE_VERSION_H
#define SSE_VERSION_H

#include "sse/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The build system reads the version from these three lines. */
#define SSE_VERSION_MAJOR 0
#define SSE_VERSION_MINOR 2
#define SSE_VERSION_PATCH 0

/* The version as one number that compares: major * 1000000 + minor * 1000 + patch. */
#define SSE_VERSION_NUMBER \
    (SSE_VERSION_MAJOR * 1000000L + SSE_VERSION_MINOR * 1000L + SSE_VERSION_PATCH)

/* Gets the version of the linked library as a number.
 *
 * Returns SSE_VERSION_NUMBER of the headers with which the library was compiled.
 * Spec: none. */
SSE_API uint32_t sse_version_number(void);

/* Gets the version of the linked library as text.
 *
 * Returns three numbers with dots between them, such as "0.2.0": a static string, never NULL.
 * Spec: none. */
SSE_API const char *sse_version_text(void);

#ifdef __cplusplus
}
#endif

#endif
