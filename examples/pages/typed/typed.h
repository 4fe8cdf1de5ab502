/* SPDX-License-Identifier: MIT */
/* typed.h - what the table EVENTS is made into:
 *
 *     struct price {...}                          a struct for each event
 *     int send_price(sse_channel *, struct price) publishes one, as JSON
 *     typed_declarations                          the same as types for TypeScript
 *
 * So a wrong name, a wrong field or a wrong type is an error of the C compiler where the event is
 * sent, and one of tsc where it is read. */
#include <jansson.h>
#include <sse/sse.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define C_text                   const char *
#define C_number                 double
#define C_flag                   bool
#define TYPED_MEMBER(type, name) C_##type name;
#define TYPED_STRUCT(name, FIELDS) \
    struct name {                  \
        FIELDS(TYPED_MEMBER)       \
    };
EVENTS(TYPED_STRUCT)

#define JSON_text(value)      json_string(value)
#define JSON_number(value)    json_real(value)
#define JSON_flag(value)      json_boolean(value)
#define TYPED_SET(type, name) failed |= json_object_set_new(o, #name, JSON_##type(e.name));
/* Returns as sse_channel_publish; SSE_E_FIELD also for a text or a number that JSON cannot carry. */
#define TYPED_SEND(name, FIELDS)                                  \
    static inline int send_##name(sse_channel *ch, struct name e) \
    {                                                             \
        json_t *const o = json_object();                          \
        int failed = o == NULL;                                   \
        FIELDS(TYPED_SET)                                         \
        return typed_publish(ch, #name, o, failed);               \
    }

static inline int typed_publish(sse_channel *ch, const char *type, json_t *o, int failed)
{
    char *const json = failed ? NULL : json_dumps(o, JSON_COMPACT);
    const int status = json == NULL ? SSE_E_FIELD
                                    : sse_channel_publish_parts(ch, type, strlen(type), NULL, 0,
                                                                json, strlen(json), 0, 0);

    free(json);
    json_decref(o);
    return status;
}
EVENTS(TYPED_SEND)

#define TS_text                      "string"
#define TS_number                    "number"
#define TS_flag                      "boolean"
#define TYPED_TS_FIELD(type, name)   " " #name ": " TS_##type ";"
#define TYPED_TS_EVENT(name, FIELDS) "    " #name ": {" FIELDS(TYPED_TS_FIELD) " };\n"
static const char typed_declarations[] = "export interface Events {\n" EVENTS(TYPED_TS_EVENT) "}\n";
