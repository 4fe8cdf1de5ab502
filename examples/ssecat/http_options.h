/* SPDX-License-Identifier: MIT */
/* http_options.h - the options of a program that serves streams over HTTP, and their rows. */
#ifndef SSECAT_HTTP_OPTIONS_H
#define SSECAT_HTTP_OPTIONS_H

#include "table_rows.h"

typedef struct http_options {
    table_list bind; /* addresses and host names */
    uint32_t port;   /* 0: any free one */
    uint32_t max_clients;
    table_list cors;
    int cors_credentials;
    table_list host;        /* empty: as access_has_host has it */
    const char *token_file; /* NULL: none is asked for */

    uint32_t heartbeat_ms; /* 0: none */
    uint32_t retry_ms;     /* 0: the client's own */
    const char *ping;      /* NULL: a comment */
    int first;             /* enum sse_http_first */
} http_options;

int http_options_is_origin(const char *text);

/* A host as it stands in a URL. */
int http_options_is_host(const char *text);

/* The rows of those that are about clients; FIELD(http) is a struct http_options. */
#define HTTP_OPTIONS_CLIENTS                                                                 \
    HEADING("Clients:"), {"port",                                                            \
                          'p',                                                               \
                          "N",                                                               \
                          NUMBER(http.port, 0, 65535, 1),                                    \
                          "8080",                                                            \
                          NULL,                                                              \
                          "TCP port; 0 takes a free one"},                                   \
        {"bind",                                                                             \
         'b',                                                                                \
         "ADDRESS",                                                                          \
         LIST(http.bind, NULL, NULL),                                                        \
         "127.0.0.1",                                                                        \
         NULL,                                                                               \
         "address to listen on, or a name with one or more;\nmay be given several times"},   \
        {"max-clients",                                                                      \
         'm',                                                                                \
         "N",                                                                                \
         NUMBER(http.max_clients, 0, 1000000, 1),                                            \
         "1000",                                                                             \
         NULL,                                                                               \
         "streams at a time; more are answered 503"},                                        \
        {"cors",                                                                             \
         'c',                                                                                \
         "ORIGIN",                                                                           \
         LIST(http.cors, http_options_is_origin, "an origin, or * for any"),                 \
         NULL,                                                                               \
         "none",                                                                             \
         "pages of this origin may read the stream"},                                        \
        {"cors-credentials", 0, NULL, FLAG(http.cors_credentials), "and may send cookies"},  \
        {"host",                                                                             \
         0,                                                                                  \
         "NAME",                                                                             \
         LIST(http.host, http_options_is_host,                                               \
              "a name or an address without a port, or * for any"),                          \
         NULL,                                                                               \
         "any; on the loopback, its own names",                                              \
         "a name by which clients know this server; requests for others are answered 403"},  \
    {                                                                                        \
        "token-file", 0, "PATH", TEXT(http.token_file, NULL, NULL), NULL, "none",            \
            "answer 401 to requests without the token in this file, except for " HTTP_PUBLIC \
            " and OPTIONS"                                                                   \
    }

#endif
