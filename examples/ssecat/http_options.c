/* SPDX-License-Identifier: MIT */
#include "http_options.h"

#include <sse/http.h>

#include <string.h>

int http_options_is_origin(const char *text)
{
    const sse_http_answer a = {.version = SSE_HTTP_1_1, .origin = {text, strlen(text)}};
    size_t len;

    return sse_http_head(&a, NULL, 0, &len) == SSE_E_SPACE && len < 1024;
}

int http_options_is_host(const char *text)
{
    const size_t len = strlen(text);

    if (text[0] == '[')
        return len > 2 && strspn(text, "[0123456789abcdefABCDEF:.") == len - 1 &&
               text[len - 1] == ']';
    return len > 0 &&
           (strcmp(text, "*") == 0 || strcspn(text, " \t\r\n\"#,/:<>?@[\\]^`{|}*") == len);
}
