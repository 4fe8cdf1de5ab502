/* SPDX-License-Identifier: MIT */
/* ledger.c - the order of the parts, how far each level goes, and the lines. */
#include "ledger.h"

#include <string.h>

uint32_t ledger_cases;
uint64_t ledger_hash;

static const struct part {
    const char *name;
    void (*try)(unsigned size);
    unsigned char sizes[LEDGER_LEVELS]; /* the largest of each level */
} parts[] = {
    {"payloads", try_payloads, {3, 5, 7, 9}},       /* bytes of data */
    {"events", try_events, {1, 3, 4, 5}},           /* bytes of all parts */
    {"pieces", try_pieces, {2, 3, 5, 6}},           /* bytes of data */
    {"schedules", try_schedules, {7, 11, 13, 16}},  /* bytes of output */
    {"rings", try_rings, {5, 9, 11, 12}},           /* the same */
    {"lines", try_lines, {0, 3, 6, 10}},            /* bytes of data, by the 16 */
    {"texts", try_texts, {1, 2, 2, 3}},             /* bytes of any value */
    {"utf8", try_utf8, {1, 3, 4, 5}},               /* bytes at the bounds of UTF-8 */
    {"longtexts", try_long_texts, {3, 12, 17, 24}}, /* bytes, two of them odd */
    {"accept", try_accept, {2, 4, 5, 6}},           /* tokens of an Accept field */
    {"resume", try_resume, {2, 4, 5, 6}},           /* tokens of a query */
    {"histories", try_histories, {2, 4, 6, 7}},     /* calls */
};

static const struct part *part;
static unsigned size;

/* Print a number, in at least `width` places filled by `fill`. */
static void print_number(uint64_t number, unsigned base, int width, char fill)
{
    char memory[21], *p = memory + sizeof memory;

    *--p = '\0';
    do {
        *--p = "0123456789abcdef"[number % base];
        number /= base;
        width--;
    } while (number > 0);
    while (width-- > 0)
        *--p = fill;
    machine_print(p);
}

static void print_name(const char *name)
{
    size_t width;

    machine_print(name);
    for (width = strlen(name); width < 10; width++)
        machine_print(" ");
}

static void print_escaped(const unsigned char *text, size_t len)
{
    char one[2] = {0, 0};

    for (; len > 0; len--, text++)
        if (*text > ' ' && *text < 0x7F && *text != '\\') {
            one[0] = (char)*text;
            machine_print(one);
        } else {
            machine_print("\\x");
            print_number(*text, 16, 2, '0');
        }
}

void wrong(const char *what, const void *text, size_t len, uint32_t number)
{
    machine_print("wrong: ");
    machine_print(part->name);
    machine_print(" ");
    print_number(size, 10, 1, ' ');
    machine_print(": not so: ");
    machine_print(what);
    machine_print("; case \"");
    print_escaped(text, len);
    machine_print("\", ");
    print_number(number, 10, 1, ' ');
    machine_print("\n");
    machine_fail();
}

static void line(unsigned level)
{
    ledger_cases = 0;
    ledger_hash = UINT64_C(0xcbf29ce484222325);
    part->try(size);
    print_number(level, 10, 5, ' ');
    machine_print(" ");
    print_name(part->name);
    print_number(size, 10, 5, ' ');
    machine_print(" ");
    print_number(ledger_cases, 10, 10, ' ');
    machine_print(" ");
    print_number(ledger_hash, 16, 16, '0');
    machine_print("\n");
}

void ledger_run(unsigned level, const char *name)
{
    machine_print("level part       size      cases hash\n");
    for (part = parts; part < parts + sizeof parts / sizeof parts[0]; part++) {
        unsigned at = 1;

        if (name != NULL && strcmp(name, part->name) != 0)
            continue;
        for (size = 0; size <= part->sizes[level - 1]; size++) {
            while (size > part->sizes[at - 1])
                at++;
            line(at);
        }
    }
}
