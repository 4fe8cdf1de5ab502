/* SPDX-License-Identifier: MIT */
/* ran.c - part of each program in a build with SSE_NOTE_RUNS: when it starts, it appends its name
 * and its arguments, a line, to the file that SSE_RAN in the environment names. programs.sh reads
 * it. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc passes what main gets. */
__attribute__((constructor)) static void note(int argc, char **argv)
{
    const char *const path = getenv("SSE_RAN");
    void (*limited)(int);
    char line[4096];
    int i, fd, len;

    if (path == NULL)
        return;
    limited =
        signal(SIGXFSZ, SIG_IGN); /* a test may allow small files only: then there is no note */
    len = snprintf(line, sizeof line, "%s", program_invocation_short_name);
    for (i = 1; i < argc && len < (int)sizeof line; i++)
        len += snprintf(line + len, sizeof line - (size_t)len, " %s", argv[i]);
    if (len > (int)sizeof line - 1)
        len = sizeof line - 1;
    line[len++] = '\n';
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || (write(fd, line, (size_t)len) != len && errno != EFBIG) || close(fd) != 0)
        _exit(98); /* as no test expects */
    signal(SIGXFSZ, limited);
}
