#ifndef TIDEMARK_INGEST_SOURCES_CSV_STAMP_H
#define TIDEMARK_INGEST_SOURCES_CSV_STAMP_H

#include "common/arena.h"

#include <stdint.h>

/*
 * Reads a time as it stands in a CSV file; without a zone it is UTC. Returns NULL and sets
 * `*ret_at_ms`, or the reason why not: "time.malformed", or "time.scientific" for 1.6E+12, which
 * has lost the digits that matter.
 *
 *   1502928000  1502928000.0  1623283200000  1755616499999.0  1735689600000000
 *       seconds below 1e11, milliseconds below 1e14, else microseconds: one file may mix them
 *   2021-06-10 00:00:00   2017-08-17   2025-04-03T17:05:00+00:00   2018-06-22 03-PM   20230315T
 */
const char *csv_read_stamp(struct bytes cell, int64_t *ret_at_ms);

#endif
