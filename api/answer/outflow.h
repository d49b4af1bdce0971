#ifndef TIDEMARK_API_ANSWER_OUTFLOW_H
#define TIDEMARK_API_ANSWER_OUTFLOW_H

#include "api/answer/problem.h"
#include "api/request.h"
#include "common/arena.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * An answer that may be larger than memory: made a piece at a time, as fast as its client takes it,
 * packed on the way if the client likes that. What is under way is bounded by the pieces, however
 * slow the client is; how many of them a loop has at once is bounded by API_EXPORTS_MAX, so that
 * those who read a page find a database connection.
 *
 * It begins with its first piece, or by itself: until then a failure is a problem like any other.
 * After that the client cannot be told, so it is cut off: an answer that ends is whole.
 */
struct outflow;

struct outflow_maker {
    /*
     * Makes and adds pieces until outflow_add() says no, or until something is to be waited for
     * (call outflow_resume() when it came), or until the end or a failure, which it says, and
     * returns at once.
     */
    void (*make)(void *context, struct outflow *outflow);
    /* It is over, in whatever way; outflow and request are gone. Called once. */
    void (*destroy)(void *context);
    const char *content_type;
    bool is_packed;   /* by itself: gzip would not help */
    const char *head; /* more header lines, each with its CRLF; NULL = none */
};

/*
 * Answers the request so; it may be answered, and gone, when this returns. Of too many it is
 * refused: 503 "exports.busy"; the context is destroyed then. `maker` outlives it.
 */
void outflow_start(struct request *request, const struct outflow_maker *maker, void *context);

/*
 * A piece, copied; of at most OUTFLOW_PIECE_MAX bytes. False: stop for now. make() is called again
 * when the client has taken enough, or never.
 */
enum { OUTFLOW_PIECE_MAX = 64 * 1024 };
bool outflow_add(struct outflow *outflow, struct bytes piece);
/* Sends the head before there is a piece, for those who have to think for long. */
void outflow_begin(struct outflow *outflow);
/* Nothing that is made counts any more: the client is gone, or wants the head alone. */
bool outflow_is_over(const struct outflow *outflow);
void outflow_end(struct outflow *outflow);
void outflow_fail(struct outflow *outflow, const struct problem *problem);

/* From a callback that the maker waited for: goes on making. */
void outflow_resume(struct outflow *outflow);

/* Its request is gone. NULL is fine. */
void outflow_leave(struct outflow *outflow);

#endif
