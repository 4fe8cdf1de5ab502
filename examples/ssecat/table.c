/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "table.h"

#include "say.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 40, HELP_COLUMN = 27, LAST_COLUMN = 79, TEXT_MAX = 400, CODE = 256 };

/* Read a whole number. Returns -1 if it is none, or out of range. */
static int read_number(const table_row *row, const char *text, uint32_t *value)
{
    unsigned long long n;
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 10)
        return -1;
    n = strtoull(text, &end, 10);
    if (*end != '\0' || n < row->least || n > row->most)
        return -1;
    *value = (uint32_t)n * row->unit;
    return 0;
}

/* Find text among words: "lines, nul, cr or raw". Returns its place, or -1. */
static int find_word(const char *words, const char *text)
{
    const size_t len = strlen(text);
    int place = 0;

    for (;;) {
        const size_t n = strcspn(words, ", ");

        if (n == len && memcmp(words, text, n) == 0)
            return place;
        words += n + strspn(words + n, ", ");
        if (*words == '\0')
            return -1;
        if (strncmp(words, "or ", 3) == 0)
            words += 3;
        place++;
    }
}

/* A text that has no rule of its own must not be empty. */
static int is_valid(const table_row *row, const char *text)
{
    return row->valid ? row->valid(text) : text[0] != '\0';
}

static int set(const table_row *row, void *into, const char *text)
{
    void *const field = (char *)into + row->field;
    table_list *list;

    switch (row->kind) {
    case TABLE_NUMBER:
        return read_number(row, text, field);
    case TABLE_WORD:
        *(int *)field = find_word(row->range, text);
        return *(int *)field < 0 ? -1 : 0;
    case TABLE_TEXT:
        *(const char **)field = text;
        return is_valid(row, text) ? 0 : -1;
    case TABLE_LIST:
        list = field;
        if (list->count == TABLE_LIST_MAX || !is_valid(row, text))
            return -1;
        list->at[list->count++] = text;
        return 0;
    default:
        *(int *)field = 1;
        return 0;
    }
}

/* Write what an option accepts. Returns the length, 0 if there is nothing to say. */
static size_t write_range(const table_row *row, char *text)
{
    size_t len = 0, i;

    text[0] = '\0';
    if (row->kind == TABLE_NUMBER) {
        len = (size_t)sprintf(text, "%lu to %lu", (unsigned long)row->least,
                              (unsigned long)row->most);
        if (strcmp(row->argument, "N") != 0) {
            text[len++] = ' ';
            for (i = 0; row->argument[i]; i++)
                text[len++] = (char)tolower((unsigned char)row->argument[i]);
            text[len] = '\0';
        }
    } else if (row->range) {
        len = (size_t)sprintf(text, "%s", row->range);
    }
    return len;
}

static int refuse(const table_row *row, const char *value)
{
    char range[TEXT_MAX];

    if (row->kind == TABLE_LIST && is_valid(row, value))
        say_error("--%s is given more than %d times", row->name, TABLE_LIST_MAX);
    else if (write_range(row, range) > 0)
        say_error("bad value for --%s: '%s'; %s", row->name, value, range);
    else
        say_error("bad value for --%s: '%s'", row->name, value);
    return -1;
}

/* Make of the table what getopt_long wants. Each option has CODE and its row as its value. */
static void prepare(const table_row *rows, size_t count, struct option *known, char *letters)
{
    size_t i;

    *letters++ = ':'; /* getopt says nothing itself */
    for (i = 0; i < count; i++) {
        const table_row *row = &rows[i];

        if (row->name == NULL)
            continue;
        *known++ = (struct option){row->name, row->argument ? required_argument : no_argument, NULL,
                                   CODE + (int)i};
        if (row->letter)
            *letters++ = row->letter;
        if (row->letter && row->argument)
            *letters++ = ':';
    }
    *known = (struct option){NULL, 0, NULL, 0};
    *letters = '\0';
}

/* Say what is wrong with the option at which getopt_long has stopped. */
static int refuse_option(char **argv, int why)
{
    const char letter[3] = {'-', (char)optopt, '\0'};
    const char *const which = optopt > 0 && optopt < CODE ? letter : argv[optind - 1];

    if (why == ':')
        say_error("%s needs a value; see %s --help", which, say_name);
    else if (optopt >= CODE)
        say_error("%s: this option takes no value; see %s --help", which, say_name);
    else
        say_error("%s is not an option; see %s --help", which, say_name);
    return -1;
}

static const table_row *find_row(const table_row *rows, size_t count, int option)
{
    size_t i;

    if (option >= CODE)
        return &rows[option - CODE];
    for (i = 0; i < count; i++) {
        if (rows[i].name && rows[i].letter == option)
            return &rows[i];
    }
    return NULL;
}

/* Give the options that were not given the value that they have then. */
static void fill(const table_row *rows, size_t count, void *into, const int *given)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (rows[i].initial && !given[i] && set(&rows[i], into, rows[i].initial) != 0)
            abort(); /* the table itself is wrong */
    }
}

int table_read(const table_row *rows, size_t count, void *into, int argc, char **argv)
{
    struct option known[ROWS_MAX + 1];
    char letters[2 * ROWS_MAX + 2];
    int given[ROWS_MAX] = {0};
    int option;

    if (count > ROWS_MAX)
        abort();
    prepare(rows, count, known, letters);
    while ((option = getopt_long(argc, argv, letters, known, NULL)) != -1) {
        const table_row *const row = find_row(rows, count, option);

        if (row == NULL)
            return refuse_option(argv, option);
        if (set(row, into, optarg) != 0)
            return refuse(row, optarg);
        if (row->kind == TABLE_SHOW)
            return 0;
        given[row - rows] = 1;
    }
    if (optind < argc) {
        say_error("unexpected '%s'; see %s --help", argv[optind], say_name);
        return -1;
    }
    fill(rows, count, into, given);
    return 0;
}

static int next_line(void)
{
    printf("\n%*s", HELP_COLUMN, "");
    return HELP_COLUMN;
}

/* Print a piece of text in the right column, in as many lines as it has and needs. It goes on at a
 * column, which is HELP_COLUMN at the start of a line. Returns where it ends. */
static int print_piece(int at, const char *text)
{
    for (;;) {
        const int n = (int)strcspn(text, " \n");

        if (at > HELP_COLUMN && at + 1 + n > LAST_COLUMN)
            at = next_line();
        at += printf("%s%.*s", at > HELP_COLUMN ? " " : "", n, text);
        text += n;
        if (*text == '\0')
            return at;
        if (*text++ == '\n')
            at = next_line();
    }
}

/* Print what an option is called, up to the right column. */
static void print_name(const table_row *row)
{
    char letter[5] = "    ";
    int at;

    if (row->letter)
        sprintf(letter, "-%c, ", row->letter);
    at = printf("  %s--%s %s", letter, row->name, row->argument ? row->argument : "");
    if (at < HELP_COLUMN)
        printf("%*s", HELP_COLUMN - at, "");
    else
        next_line();
}

/* Print an option: what it is for, and then what it accepts, on a line of its own if that is too
 * long to stand next to it. */
static void print_row(const table_row *row)
{
    const char *const otherwise = row->initial ? row->initial : row->unset;
    char range[TEXT_MAX], text[2 * TEXT_MAX];
    const size_t len = write_range(row, range);
    int at, n;

    print_name(row);
    at = print_piece(HELP_COLUMN, row->help);
    if (len > 0 || otherwise) {
        n = snprintf(text, sizeof text, "(%s%s%s%s)", range, len > 0 && otherwise ? "; " : "",
                     otherwise ? "default " : "", otherwise ? otherwise : "");
        print_piece(at + 1 + n > LAST_COLUMN ? LAST_COLUMN : at, text);
    }
    putchar('\n');
}

void table_print(const table_row *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (rows[i].name)
            print_row(&rows[i]);
        else
            printf("\n%s\n", rows[i].help);
    }
}

int table_printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS + 1;
    say_error("standard output cannot be written");
    return EXIT_FAILURE + 1;
}
