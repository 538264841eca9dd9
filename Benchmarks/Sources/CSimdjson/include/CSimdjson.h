// simdjson On-Demand behind a C face: pulls the same fields from a bid request as the bench's Swift side and
// sums the same checksum.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csimdjson_parser csimdjson_parser;

csimdjson_parser *csimdjson_make(size_t capacity);
void csimdjson_free(csimdjson_parser *parser);

// Bytes that must be readable behind each document.
size_t csimdjson_padding(void);

const char *csimdjson_implementation(void);

// Walks each document's fields in the order in which they stand. -1 for a document that is refused.
double csimdjson_walk(csimdjson_parser *parser, const uint8_t *bytes, size_t count, size_t capacity);

// Looks each field up by name, in whatever order they stand.
double csimdjson_find(csimdjson_parser *parser, const uint8_t *bytes, size_t count, size_t capacity);

#ifdef __cplusplus
}
#endif
