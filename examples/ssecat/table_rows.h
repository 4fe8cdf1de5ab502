/* SPDX-License-Identifier: MIT */
/* table_rows.h - shorthand for the rows of a table; FIELD(name) is where the caller's struct has it.
 *
 * A row: name, letter, argument; kind and field with the range; default as it would be given, or
 * what it is called where it is nothing; help. */
#ifndef SSECAT_TABLE_ROWS_H
#define SSECAT_TABLE_ROWS_H

#include "table.h"

#define NUMBER(name, from, to, each) TABLE_NUMBER, FIELD(name), from, to, each, NULL, NULL
#define TEXT(name, valid, range)     TABLE_TEXT, FIELD(name), 0, 0, 0, valid, range
#define LIST(name, valid, range)     TABLE_LIST, FIELD(name), 0, 0, 0, valid, range
#define WORD(name, words)            TABLE_WORD, FIELD(name), 0, 0, 0, NULL, words
#define FLAG(name)                   TABLE_FLAG, FIELD(name), 0, 0, 0, NULL, NULL, NULL, NULL
#define SHOW(name)                   TABLE_SHOW, FIELD(name), 0, 0, 0, NULL, NULL, NULL, NULL
#define HEADING(text)                                                       \
    {                                                                       \
        NULL, 0, NULL, TABLE_FLAG, 0, 0, 0, 0, NULL, NULL, NULL, NULL, text \
    }

#endif
