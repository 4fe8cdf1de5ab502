/* SPDX-License-Identifier: MIT */
/* avr.c - the ledger on an AVR: it prints to the first UART, and sleeps for good at the end, which
 * ends simavr. */
#include "ledger.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

static void end(void)
{
    cli();
    sleep_enable();
    for (;;)
        sleep_cpu();
}

void machine_print(const char *text)
{
    for (; *text != '\0'; text++) {
        while (!(UCSR0A & _BV(UDRE0)))
            ;
        UDR0 = (uint8_t)*text;
    }
}

void machine_fail(void)
{
    end();
}

int main(void)
{
    UCSR0B = _BV(TXEN0);
    ledger_run(LEDGER_LEVEL, NULL);
    end();
}
