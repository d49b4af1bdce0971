#ifndef TIDEMARK_INGEST_SOURCES_CSV_H
#define TIDEMARK_INGEST_SOURCES_CSV_H

#include "common/arena.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What ingest/folder.c, which reads the files, and csv.c, which understands them, agree on.
 *
 * A file is taken in pieces of whole lines, each one payload and one commit. A piece carries the
 * file's head (byte order mark, banner, header line) in front, so that every piece can be
 * understood, and normalised again, by itself:
 *
 *     head = csv_head_bytes(first CSV_HEAD_MAX bytes of the file)
 *     first piece   = file[0, end)                     with end on a line's end, or the file's
 *     later pieces  = file[0, head) + file[offset, end)
 *
 * The interval of the candles is read from the steps between rows, so pieces should be of about
 * equal size: a last piece of a single row says nothing.
 */
enum {
    CSV_PIECE_MAX = 1024 * 1024, /* bytes of a piece, head included: bounds a job's memory */
    CSV_HEAD_MAX = 4096,         /* a head is found within these first bytes */
};

/* How far the folder has been read: files in the order of (changed_at_ms, name). */
struct csv_position {
    int64_t changed_at_ms; /* the file's ctime */
    int64_t offset;        /* bytes of it that are taken */
    int64_t lines;         /* line breaks in those bytes: what rejects are numbered by */
    const char *name;      /* of the file, without a folder */
};

/* "1763712000123 1048576 17021 Binance_BTCUSDT_d.csv": the checkpoint, and payload.target. */
const char *csv_position_format(const struct csv_position *position, struct arena *arena);
/* Errors: reject "job.position". */
MUST_CHECK bool csv_position_parse(const char *text, struct arena *arena,
                                   struct csv_position *ret_position, struct error *err);

/* How many bytes at the beginning of a file are not rows. 0 if there are none, or no rows. */
size_t csv_head_bytes(struct bytes start);

#endif
