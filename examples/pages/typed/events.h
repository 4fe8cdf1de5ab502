/* SPDX-License-Identifier: MIT */
/* events.h - the table: each event with its fields. The only place where their names stand.
 *
 * The types of fields: text (UTF-8, not NULL), number (finite), flag. */
#define PRICE(FIELD) FIELD(text, symbol) FIELD(number, bid) FIELD(number, ask)
#define TRADE(FIELD) FIELD(text, symbol) FIELD(number, size) FIELD(flag, bought)

#define EVENTS(EVENT) EVENT(price, PRICE) EVENT(trade, TRADE)
