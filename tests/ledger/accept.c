/* accept.c - what a client accepts: all Accept fields of so many tokens, beside a plain reading of
 * them, which blots out what is quoted and then splits at commas and semicolons.
 *
 * Where a field breaks the grammar both are to agree, too: a weight that is none is 0, of several
 * weights the last counts, a quote that does not end goes on to the end. */
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
    ";q=0.5",
    "; Q =",
    ";",
    "1",
    " ",
    "\"",
    "\\",
};

enum { TOKENS = sizeof tokens / sizeof tokens[0], FIELD_MAX = 17 * 6 + 1 };

/* In lower case, ended by NUL. */
static char field[FIELD_MAX], plain[FIELD_MAX];
static size_t field_len;

/* Put Q for each byte of a quoted string: none of what is looked for, and no digit. */
static void blot(void)
{
    int quoted = 0;
    size_t i;

    for (i = 0; i < field_len; i++) {
        const char c = field[i];
        const int quote = c == '"';

        plain[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
        if (quoted || quote)
            plain[i] = 'Q';
        if (quoted && c == '\\' && i + 1 < field_len)
            plain[++i] = 'Q';
        if (quote)
            quoted = !quoted;
    }
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

/* A weight in thousandths: 0, 0., 0.5, 0.50, 0.500, 1, 1.000, and so on. */
static int thousandths(const char *text)
{
    char digits[] = "0000";
    const size_t len = strlen(text);

    if (len == 0 || len > 5 || (len > 1 && text[1] != '.'))
        return 0;
    digits[0] = text[0];
    memcpy(digits + 1, text + 2, len > 2 ? len - 2 : 0);
    if (strspn(digits, "0123456789") != 4 || strcmp(digits, "1000") > 0)
        return 0;
    return digits[0] == '1' ? 1000
                            : (digits[1] - '0') * 100 + (digits[2] - '0') * 10 + digits[3] - '0';
}

/* How exactly a media range names a type, and with what weight. */
static void weigh(char *element, const char *type, int *named, int *q)
{
    char *parameter = halve(element, ';');

    element = trimmed(element);
    *named = strcmp(element, type) == 0 ? 3 : strcmp(element, "text/*") == 0 ? 2 : 0;
    if (strcmp(element, "*/*") == 0)
        *named = 1;
    *q = 1000;
    while (parameter) {
        char *next = halve(parameter, ';'), *value = halve(parameter, '=');

        if (strcmp(trimmed(parameter), "q") == 0)
            *q = value ? thousandths(trimmed(value)) : 0;
        parameter = next;
    }
}

/* The best of them, as q * 4 + named: the more exact name wins, then the greater weight. */
static int best(const char *type)
{
    static char copy[FIELD_MAX];
    char *element = copy;
    int best_named = 0, best_q = 0;

    memcpy(copy, plain, field_len + 1);
    if (strspn(copy, " ") == field_len)
        return 1000 * 4 + 1;
    while (element) {
        char *next = halve(element, ',');
        int named, q;

        weigh(element, type, &named, &q);
        if (named > best_named || (named > 0 && named == best_named && q > best_q)) {
            best_named = named;
            best_q = q;
        }
        element = next;
    }
    return best_q * 4 + best_named;
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
