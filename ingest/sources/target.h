#ifndef TIDEMARK_INGEST_SOURCES_TARGET_H
#define TIDEMARK_INGEST_SOURCES_TARGET_H

#include "common/text.h"

/* Adds `part` percent-encoded (RFC 3986: all but letters, digits and "-._~"). */
void target_add_encoded(struct text *target, const char *part);

#endif
