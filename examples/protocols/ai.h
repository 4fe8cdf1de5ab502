/* SPDX-License-Identifier: MIT */
/* ai.h - what the files of the program ai share.
 *
 *     request --> ai.c --> ai_chat.c, ai_responses.c, ai_messages.c     JSON becomes an ask
 *                              |            ^
 *                              v            |  each step becomes events
 *                          ai_generation.c -'  whole characters, pace, limits, one channel
 *                              ^
 *                          ai_model.c          bytes: put your model in its place */
#ifndef AI_H
#define AI_H

#include "web.h"

#include <jansson.h>

enum {
    AI_NAME_MAX = 64,        /* bytes of the name of a model or tool */
    AI_ID_MAX = 40,          /* and of an id, with its NUL */
    AI_PIECE_MAX = 5,        /* bytes that the model gives at a time */
    AI_TOKENS_MAX = 1 << 20, /* pieces of a generation, whatever the client asks for */
    AI_KEPT_MAX = 4096       /* the same, where all events are kept */
};

/* A request, in any of the protocols. */
typedef struct ai_ask {
    char model[AI_NAME_MAX + 1];
    char tool[AI_NAME_MAX + 1]; /* "": no tool is to be called */
    char *prompt;
    uint32_t max_tokens;
    int streams, thinks, shows_usage, is_background;
} ai_ask;

/* The kinds of parts that a generation has. */
typedef enum ai_kind { AI_END, AI_TEXT, AI_THINKING, AI_CALL } ai_kind;

typedef struct ai_part {
    ai_kind kind;
    char *text; /* so far; of a call: its arguments, in JSON. Empty in a stream that is read once */
    size_t len, cap;
} ai_part;

/* The model: see ai_model.c. */
typedef struct ai_model {
    ai_kind kinds[2]; /* of its parts */
    char *text[2];
    size_t part, at;
} ai_model;

int ai_model_start(ai_model *m, const ai_ask *ask);
void ai_model_stop(ai_model *m);

/* Begin the next part; AI_END: there is none. */
ai_kind ai_model_part(ai_model *m);

/* The next bytes of the part, which may end inside a character: how many; 0: that was all of it;
 * -1: the model has failed. */
int ai_model_piece(ai_model *m, char bytes[AI_PIECE_MAX]);

/* How a generation ends. */
typedef enum ai_reason {
    AI_RUNNING,
    AI_STOP,
    AI_CALLS,
    AI_LENGTH,
    AI_CANCELED,
    AI_FAILED
} ai_reason;

/* A protocol: functions that publish the events of each step, called in this order: begin (open
 * piece* close)* end. A part that fails, or is canceled, is not closed. */
typedef struct ai_generation ai_generation;
typedef struct ai_protocol {
    const char *id, *call_id;     /* how ids begin, of a generation and of a call */
    const char *beat, *beat_data; /* a heartbeat; NULL: a lone line of ":" */
    int busy;                     /* the status where too many run */
    int keeps_all;                /* 0: the model waits while its reader does not read; 1: all its
                                     events are kept, and readers come and go */
    void (*begin)(ai_generation *g);
    void (*open)(ai_generation *g, const ai_part *part);
    void (*piece)(ai_generation *g, const char *text, size_t len);
    void (*close)(ai_generation *g, const ai_part *part);
    void (*end)(ai_generation *g);
    json_t *(*whole)(const ai_generation *g);          /* not as a stream */
    json_t *(*error)(int status, const char *message); /* of a refusal; its type is the status's */
} ai_protocol;

struct ai_generation {
    const ai_protocol *protocol;
    ai_ask ask;
    char id[AI_ID_MAX], call_id[AI_ID_MAX];
    long long created;
    ai_part parts[2];
    size_t part_count, input_tokens, tokens;
    ai_reason reason;
    sse_channel *channel; /* NULL: nobody reads events */
    uint32_t events;      /* published; Responses calls it the sequence number of the next one */
    ai_model model;
    char held[AI_PIECE_MAX + 3]; /* the beginning of a character, and a piece */
    size_t held_len;
    web_timer timer;
    ai_generation *next; /* for the protocol */
};

/* Start a generation, which copies the ask. NULL: there is no memory. */
ai_generation *ai_start(const ai_protocol *protocol, const ai_ask *ask);

/* Generate all of it at once, for an answer that is no stream: the stand-in takes no time. */
void ai_finish(ai_generation *g);

void ai_end(ai_generation *g, ai_reason reason);
void ai_free(ai_generation *g);

/* How many run, and how many pieces all models have given. */
extern size_t ai_running, ai_pieces;

/* Publish an event. type and id may be NULL; data is released. */
void ai_publish(ai_generation *g, const char *type, const char *id, json_t *data);
void ai_publish_text(ai_generation *g, const char *text);

/* The streams of an answer: a lone line of ":" first, and no event of the library's own. */
extern const sse_http_answer ai_stream;
enum { AI_JOIN = SSE_JOIN_PLAIN | SSE_JOIN_OLDEST, AI_STALL_MS = 30000 };

/* Replies; body is released. ai_refuse returns NULL. */
void ai_reply(const web_request *r, int status, json_t *body);
void *ai_refuse(const web_request *r, const ai_protocol *protocol, int status, const char *message);

/* Read what the protocols have in common: the model, the limit under its name, whether to stream;
 * and the prompt, which is all the text in content. Returns a generation that runs; NULL: the
 * request was refused.
 *
 *   is_result   the content is the result of a tool: none is called */
ai_generation *ai_begin(const web_request *r, const ai_protocol *protocol, const json_t *body,
                        const char *max_name, const json_t *content, int is_result, ai_ask *ask);

/* The same, and answer with it: the generation belongs to the answer. */
void ai_answer(const web_request *r, const ai_protocol *protocol, const json_t *body,
               const char *max_name, const json_t *content, int is_result, ai_ask *ask);

extern const ai_protocol ai_chat_protocol, ai_messages_protocol, ai_responses_protocol;

/* The error of both protocols of OpenAI. */
json_t *ai_openai_error(int status, const char *message);

/* The requests of each protocol. */
void ai_chat(const web_request *r, json_t *body);
void ai_messages(const web_request *r, json_t *body);
void ai_responses(const web_request *r, json_t *body);
void ai_responses_by_id(const web_request *r, const char *rest);
void ai_responses_free(void);

/* A number from the environment. */
uint32_t ai_setting(const char *name, uint32_t usual);

/* JSON: a string of a part; the value of a string, or "". */
json_t *ai_text(const ai_part *part);
const char *ai_string(const json_t *object, const char *name);

#endif
