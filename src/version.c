/* SPDX-License-Identifier: MIT */
/* The version. */
#include "sse/version.h"

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

/* see sse/version.h */
uint32_t sse_version_number(void)
{
    return (uint32_t)SSE_VERSION_NUMBER;
}

/* see sse/version.h */
const char *sse_version_text(void)
{
    return TEXT(SSE_VERSION_MAJOR) "." TEXT(SSE_VERSION_MINOR) "." TEXT(SSE_VERSION_PATCH);
}
