/* SPDX-License-Identifier: MIT */
/* ai_model.c - a stand-in for a language model: it repeats the prompt, in pieces of 1 to 5 bytes,
 * which cut characters in two. With a tool it calls that with the prompt; it thinks if it is asked
 * to; and where it comes to "[fail]" it fails. */
#define _POSIX_C_SOURCE 200809L
#include "ai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *arguments(const char *prompt)
{
    json_t *const object = json_pack("{s:s}", "text", prompt);
    char *const text = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    return text;
}

int ai_model_start(ai_model *m, const ai_ask *ask)
{
    size_t n = 0;

    *m = (ai_model){0};
    if (ask->thinks) {
        m->kinds[n] = AI_THINKING;
        m->text[n++] = strdup("Ist es “so”? 🤔 Ja.");
    }
    m->kinds[n] = ask->tool[0] ? AI_CALL : AI_TEXT;
    m->text[n] = ask->tool[0] ? arguments(ask->prompt) : strdup(ask->prompt);
    return m->text[0] != NULL && m->text[n] != NULL;
}

void ai_model_stop(ai_model *m)
{
    free(m->text[0]);
    free(m->text[1]);
    *m = (ai_model){0};
}

/* part counts those that have begun */
ai_kind ai_model_part(ai_model *m)
{
    m->at = 0;
    return m->part < 2 ? m->kinds[m->part++] : AI_END;
}

int ai_model_piece(ai_model *m, char bytes[AI_PIECE_MAX])
{
    static const char fail[] = "[fail]";
    const char *const rest = m->text[m->part - 1] + m->at;
    const size_t most = m->at % AI_PIECE_MAX + 1;
    size_t n = 0;

    if (strncmp(rest, fail, sizeof fail - 1) == 0)
        return -1;
    while (n < most && rest[n] != '\0' && strncmp(rest + n, fail, sizeof fail - 1) != 0) {
        bytes[n] = rest[n];
        n++;
    }
    m->at += n;
    return (int)n;
}
