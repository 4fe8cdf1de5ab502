/* SPDX-License-Identifier: MIT */
/* feed.c - the main of a fuzz target where there is no fuzzer: each file named is one input, each
 * folder holds inputs.
 *
 *     writer corpus/writer
 *
 * It says how many inputs there were; none is a failure. POSIX. */
#define _POSIX_C_SOURCE 200809L

#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 16 };

static size_t inputs;

/* End the program where a file cannot be read, or a name is too long. */
static void give_up(const char *path)
{
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
}

static void feed_file(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *const file = fopen(path, "rb");
    size_t len;

    if (file == NULL)
        give_up(path);
    len = fread(bytes, 1, sizeof bytes, file);
    if (ferror(file) || fclose(file) != 0)
        give_up(path);
    /* In memory of its own, so that a sanitizer sees a read behind it. */
    LLVMFuzzerTestOneInput((const uint8_t *)copy_of(bytes, len).ptr, len);
    inputs++;
}

static void feed_folder(const char *path)
{
    DIR *const folder = opendir(path);
    const struct dirent *entry;
    char name[1024];

    if (folder == NULL)
        give_up(path);
    while ((entry = readdir(folder)) != NULL) {
        const int len = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);

        if (len < 0 || (size_t)len >= sizeof name)
            give_up(path);
        if (entry->d_name[0] != '.')
            feed_file(name);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    struct stat about;
    int i;

    for (i = 1; i < argc; i++) {
        if (stat(argv[i], &about) != 0)
            give_up(argv[i]);
        if (S_ISDIR(about.st_mode))
            feed_folder(argv[i]);
        else
            feed_file(argv[i]);
    }
    printf("%zu inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
