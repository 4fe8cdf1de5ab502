/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "date.h"

#include <stdio.h>
#include <time.h>

/* see date.h. strftime would write the names in the language of the user. */
sse_str date_now(void)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static char text[64];
    static time_t made;
    static size_t len;
    const time_t now = time(NULL);
    struct tm t;

    if (now != made && gmtime_r(&now, &t) != NULL) {
        made = now;
        len = (size_t)snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                               days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
                               1900 + t.tm_year, t.tm_hour, t.tm_min, t.tm_sec);
    }
    return (sse_str){text, len};
}
