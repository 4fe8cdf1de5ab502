/* sse/version.h - the version: at compile time, and of the library that was linked. */
#ifndef SSE_VERSION_H
#define SSE_VERSION_H

#include "sse/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The build system reads the version from these three lines. */
#define SSE_VERSION_MAJOR 0
#define SSE_VERSION_MINOR 1
#define SSE_VERSION_PATCH 0

/* The version as one number that compares: major * 1000000 + minor * 1000 + patch. */
#define SSE_VERSION_NUMBER \
    (SSE_VERSION_MAJOR * 1000000L + SSE_VERSION_MINOR * 1000L + SSE_VERSION_PATCH)

/* Tell the version of the linked library, as SSE_VERSION_NUMBER gives that of the header.
 * Spec: none. */
SSE_API uint32_t sse_version_number(void);

/* Tell the version of the linked library as text, "0.1.0". Static, never NULL.
 * Spec: none. */
SSE_API const char *sse_version_text(void);

#ifdef __cplusplus
}
#endif

#endif
