/* SPDX-License-Identifier: MIT */
/* table.h - options as a table: what reads the command line and what prints the help. */
#ifndef SSECAT_TABLE_H
#define SSECAT_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { TABLE_LIST_MAX = 16 };

/* The values of an option that may be given several times. */
typedef struct table_list {
    const char *at[TABLE_LIST_MAX];
    size_t count;
} table_list;

typedef struct table_row {
    const char *name;     /* --name; NULL: a heading, which is the help */
    char letter;          /* -l; 0: it has none */
    const char *argument; /* NULL: it takes none */
    enum {
        TABLE_FLAG,   /* int: set to 1 */
        TABLE_NUMBER, /* uint32_t: from least to most, times unit */
        TABLE_TEXT,   /* const char *: for which valid returns 1; without valid, not empty */
        TABLE_LIST,   /* table_list, of such texts */
        TABLE_WORD,   /* int: the place among the words, which are "one, two or three" */
        TABLE_SHOW    /* int: as a flag; what is wrong in other options is of no account then */
    } kind;
    size_t field; /* where in the struct the value goes */
    uint32_t least, most, unit;
    int (*valid)(const char *text);
    const char *range;   /* of a text, in words; the words of a word */
    const char *initial; /* the value if it is not given; NULL: all zero */
    const char *unset;   /* what all zero means, in words */
    const char *help;
} table_row;

/* Read the command line into the struct `into`, which is all zero. Returns 0, or -1 when it has
 * said what is wrong. */
int table_read(const table_row *rows, size_t count, void *into, int argc, char **argv);

/* Print each option with its range. */
void table_print(const table_row *rows, size_t count);

/* After what --help or --version print: return the exit code plus 1, for standard output may be full. */
int table_printed(void);

#endif
