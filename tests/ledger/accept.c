/* SPDX-License-Identifier: MIT */
/* accept.c - what a client accepts: all Accept fields of so many tokens, beside a plain reading of
 * them, which blots out what is quoted and then splits at commas and semicolons.
 *
 * Where a field breaks the grammar both are to agree, too: an element that is no media range is not
 * there, nor is a weight that is no number, or a quote that is never closed; of several weights the
 * highest counts; a comma between two digits is a decimal point. */
#include "ledger.h"

#include "sse/http_request.h"

#include <string.h>

static const char *const tokens[] = {
    "Text/Event-Stream",
    "text/html",
    "text/*",
    "*/*",
    ",",
    ";q=0",
    ".5",
    "; Q =",
    ";",
    "1",
    " ",
    "\"",
    "\\",
};

enum { TOKENS = sizeof tokens / sizeof tokens[0], FIELD_MAX = 17 * 6 + 1, DECIMAL = 1 };

/* In lower case, ended by NUL. */
static char field[FIELD_MAX], plain[FIELD_MAX];
static size_t field_len;

/* Where the quoted string that begins at `from` ends, or 0. */
static size_t quote_end(size_t from)
{
    size_t i;

    for (i = from + 1; i < field_len && field[i] != '"'; i++)
        i += field[i] == '\\';
    return i < field_len ? i : 0;
}

/* Put Q for each byte of a quoted string, and a byte of its own for a decimal comma. */
static void blot(void)
{
    size_t i, end;
    int open = 0;

    for (i = 0; i < field_len; i++)
        plain[i] = (char)(field[i] >= 'A' && field[i] <= 'Z' ? field[i] + ('a' - 'A') : field[i]);
    for (i = 0; i < field_len; i++) {
        if (field[i] == '"' && !open) {
            end = quote_end(i);
            open = end == 0;
            for (; i < end; i++)
                plain[i] = 'Q';
            if (!open)
                plain[i] = 'Q';
        }
    }
    for (i = 1; i + 1 < field_len; i++)
        if (plain[i] == ',' && strchr("0123456789", plain[i - 1]) &&
            strchr("0123456789", plain[i + 1]))
            plain[i] = DECIMAL;
    plain[field_len] = '\0';
}

/* Drop blanks at both ends. */
static char *trimmed(char *text)
{
    size_t len;

    text += strspn(text, " ");
    for (len = strlen(text); len > 0 && text[len - 1] == ' '; len--)
        text[len - 1] = '\0';
    return text;
}

/* End a text at the first `at`; returns what is behind it, or NULL. */
static char *halve(char *text, char at)
{
    char *behind = strchr(text, at);

    if (behind)
        *behind++ = '\0';
    return behind;
}

/* A weight in thousandths; -1 for what is no number. */
static int thousandths(const char *text)
{
    const size_t whole = strspn(text, "0123456789");
    const int point = text[whole] == '.' || text[whole] == DECIMAL;
    const char *const decimals = text + whole + point;
    const size_t count = strspn(decimals, "0123456789");
    int q = 0;
    size_t i;

    if (decimals[count] != '\0' || whole + count == 0)
        return -1;
    if (strspn(text, "0") < whole)
        return 1000;
    for (i = 0; i < 3; i++)
        q = q * 10 + (i < count ? decimals[i] - '0' : 0);
    return q == 0 && strspn(decimals, "0") < count ? 1 : q;
}

/* Whether a text has a byte, and none that cannot stand in a name. */
static int is_name(const char *text, size_t len)
{
    static const char marks[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";

    return len > 0 && strspn(text, marks) >= len;
}

/* Whether an element is a media range. */
static int is_range(const char *text)
{
    const char *const slash = strchr(text, '/');

    if (strcmp(text, "*") == 0 || strcmp(text, "*/*") == 0)
        return 1;
    return slash && strncmp(text, "*/", 2) != 0 && is_name(text, (size_t)(slash - text)) &&
           is_name(slash + 1, strlen(slash + 1));
}

/* How exactly a media range names a type, and with what weight; -1 where it is none. */
static void weigh(char *element, const char *type, int *named, int *q)
{
    char *parameter = halve(element, ';');

    element = trimmed(element);
    *named = strcmp(element, type) == 0 ? 3 : strcmp(element, "text/*") == 0 ? 2 : 0;
    if (strcmp(element, "*/*") == 0 || strcmp(element, "*") == 0)
        *named = 1;
    if (!is_range(element))
        *named = -1;
    *q = -1;
    while (parameter) {
        char *next = halve(parameter, ';'), *value = halve(parameter, '=');
        const int weight =
            value && strcmp(trimmed(parameter), "q") == 0 ? thousandths(trimmed(value)) : -1;

        if (weight > *q)
            *q = weight;
        parameter = next;
    }
    if (*q < 0)
        *q = 1000;
}

/* The best of them, as q * 4 + named: the more exact name wins, then the greater weight. */
static int best(const char *type)
{
    static char copy[FIELD_MAX];
    char *element = copy;
    int best_named = -1, best_q = 0;

    memcpy(copy, plain, field_len + 1);
    while (element) {
        char *next = halve(element, ',');
        int named, q;

        weigh(element, type, &named, &q);
        if (named > best_named || (named > 0 && named == best_named && q > best_q)) {
            best_named = named;
            best_q = named > 0 ? q : 0;
        }
        element = next;
    }
    return best_named < 0 ? 1000 * 4 + 1 : best_q * 4 + best_named;
}

static void try(void)
{
    static const char html[] = "text/html";
    const int stream = best("text/event-stream"), other = best(html);
    const int accepts = sse_http_accepts(field, field_len);
    const int accepts_other = sse_http_accepts_type(field, field_len, html, sizeof html - 1);
    const int prefers = sse_http_prefers(field, field_len, html, sizeof html - 1);

    expect(accepts == (stream >= 4), "a stream is accepted", field, field_len, 0);
    expect(accepts_other == (other >= 4), "the other is accepted", field, field_len, 0);
    expect(prefers == (stream >= 4 && stream > other), "the stream is preferred", field, field_len,
           0);
    fold_int(accepts | accepts_other << 1 | prefers << 2);
    ledger_cases++;
}

void try_accept(unsigned size)
{
    unsigned i;
    word w;

    word_first(&w, size, TOKENS);
    do {
        field_len = 0;
        for (i = 0; i < size; i++) {
            const size_t len = strlen(tokens[w.at[i]]);

            memcpy(field + field_len, tokens[w.at[i]], len);
            field_len += len;
        }
        blot();
        try();
    } while (word_next(&w));
}
