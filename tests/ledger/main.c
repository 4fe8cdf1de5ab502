/* SPDX-License-Identifier: MIT */
/* main.c - the ledger where there is standard output: ledger [LEVEL [PART]] */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

#ifndef LEDGER_LEVEL
#define LEDGER_LEVEL 2
#endif

void machine_print(const char *text)
{
    fputs(text, stdout);
    if (text[0] == '\n')
        fflush(stdout);
}

void machine_fail(void)
{
    exit(1);
}

int main(int argc, char **argv)
{
    const int level = argc > 1 ? atoi(argv[1]) : LEDGER_LEVEL;

    if (level < 1 || level > LEDGER_LEVELS) {
        fputs("ledger [LEVEL [PART]]: the level is from 1, a moment, to 4, two minutes\n", stderr);
        return 2;
    }
    ledger_run((unsigned)level, argc > 2 ? argv[2] : NULL);
    return 0;
}
