#ifndef TIDEMARK_COMMON_SECRET_H
#define TIDEMARK_COMMON_SECRET_H

#include <stddef.h>

/*
 * Puts asterisks where `secret` stands in `data`, in place, and also where only its beginning
 * stands at the end (more than three characters of it), because what came may have been cut off
 * there. NULL and "" are no secrets.
 */
void secret_blank(char *data, size_t size, const char *secret);

#endif
