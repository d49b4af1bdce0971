#ifndef TIDEMARK_API_ORDERS_ORDER_BOOK_H
#define TIDEMARK_API_ORDERS_ORDER_BOOK_H

#include "api/limit/rate_bucket.h"
#include "common/arena.h"
#include "common/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was ordered of late and what came of it, so that however many want a thing, one job is
 * published for it; and which sources it is no use to ask now. One book for the process. Pure: no
 * lock, no I/O, no clock; all times are monotonic milliseconds.
 *
 * A thing has a name that says what is wanted: "bitcoin/usd", "bitcoin/usd@kraken",
 * "sync:coingecko/1".
 */
struct order_book;

enum {
    ORDER_HOLD_MS = 60 * 1000,        /* what was ordered is not ordered again sooner */
    ORDER_BARREN_MS = 10 * 60 * 1000, /* nor from a source that was asked and has it not */
    ORDER_AVOID_MS = 30 * 1000, /* a source whose last job failed or was not heard of in time */
    ORDER_BOOK_MAX = 4096,      /* things; beyond them nothing is ordered */
    ORDER_SOURCES_MAX = 32,
    ORDER_NAME_SIZE = 192, /* with its NUL; slugs and currency codes are shorter */
};

enum order_verdict {
    ORDER_NEW,     /* a job is to be published, or was, for this order */
    ORDER_JOINED,  /* one that is under way brings it: wait */
    ORDER_HELD,    /* one has brought it, or all it could, a moment ago: waiting is no use */
    ORDER_BARREN,  /* no source has it */
    ORDER_LIMITED, /* those that may have it are not to be asked now: cooldown, breaker, budget */
    ORDER_AWAY,    /* the broker takes no job */
    ORDER_VERDICTS,
};

/* "new", "joined", "held", "barren", "limited", "away". */
const char *order_verdict_name(enum order_verdict verdict);

struct order_answer {
    enum order_verdict verdict;
    const char *job_id; /* NEW, JOINED, HELD; else NULL */
    int64_t wait_ms;    /* JOINED: until its time is over; HELD, LIMITED: when to ask again */
};

/* How a thing can be had. */
struct order_way {
    const char *source;
    const char *symbol;
    const char *group; /* only symbols with the same group go into one job */
    int32_t symbols_max;
};

struct order_item {
    const char *name;
    enum job_kind kind;
    const struct order_way *ways; /* best first */
    size_t way_count;
    const char *args; /* LISTING: as JSON, of its one way, whose symbol is the stream */
    int64_t hold_ms;  /* how long the same job answers for it */
    int32_t useful_s; /* nobody can use the answer later than so long after the order */
    /*
     * Somebody ordered just this, and does not wait: it may wait for its source's turn, and workers
     * try again what failed, so that the same job answers for the whole of hold_ms.
     */
    bool is_explicit;
};

/* Whether a source may be asked; what the book itself knows of it comes on top. */
struct order_source {
    const char *name;
    int64_t wait_ms; /* 0 = now */
    bool usable;     /* false: not at all, whatever the time */
};

/* A job in the making. */
struct order_job {
    struct order_job *next;
    enum job_kind kind;
    const char *source, *group, *args;
    struct order_line {
        const char *name, *symbol;
        int64_t claim_ms; /* how long it is ours, among the replicas */
        bool dropped;     /* somebody else was quicker */
    } * lines;
    size_t count, room;
    int32_t useful_s;
    /* When all its lines are there: order_message.h. */
    const char *stream, *job_id;
    int64_t slot_s;
};

/* What goes out together; all of it in one arena. */
struct order_batch {
    struct arena *arena;
    struct order_job *first, **end;
    const struct order_source *sources;
    size_t source_count;
};

struct order_policy {
    int64_t wait_ms;         /* how long a job is waited for */
    struct rate_policy rate; /* jobs of one source */
};

struct order_book *order_book_create(const struct order_policy *policy);
void order_book_destroy(struct order_book *book); /* NULL is fine */

/* What is known without asking which ways there are; false = nothing. `job_id` is in `arena`. */
bool order_book_look(struct order_book *book, const char *name, int64_t now_ms, struct arena *arena,
                     struct order_answer *ret_answer);

/*
 * Orders a thing by the best way that may be used now: NEW puts it into a job of the batch, where
 * `ret_job` is set, and it counts as ordered from here on.
 */
void order_book_place(struct order_book *book, struct order_batch *batch,
                      const struct order_item *item, int64_t now_ms,
                      struct order_answer *ret_answer, struct order_job **ret_job);

/* The job of a thing that was placed. */
void order_book_name_job(struct order_book *book, const char *name, const char *job_id);
/* Another replica has ordered it: its job, and for how long that is still worth waiting for. */
void order_book_adopt(struct order_book *book, const char *name, const char *job_id,
                      int64_t left_ms, int64_t now_ms);
/* It was not published after all. */
void order_book_withdraw(struct order_book *book, const char *name);
/* It has no lane, because nobody has ever worked for it here: for a while it is no way to anything.
 */
void order_book_close_lane(struct order_book *book, const char *source, int64_t now_ms);
/* Its lane is full: it is left alone for a while. */
void order_book_avoid(struct order_book *book, const char *source, int64_t now_ms);

/*
 * A job has ended, ours or not. `outcome` NULL = it has stored `prices` ("bitcoin/usd"), else why
 * it has stored nothing. Lists what we had ordered that may be ordered again at once, in `arena`.
 */
struct order_ended {
    const char *job_id, *source, *outcome;
    const char *const *prices;
    size_t price_count;
};
void order_book_end(struct order_book *book, const struct order_ended *ended, int64_t now_ms,
                    struct arena *arena, const char *const **ret_released, size_t *ret_count);

/* Whether a job with this id was ordered here, or seen, not long ago. */
bool order_book_knows(const struct order_book *book, const char *job_id);
/* Whether a job was heard to end, with the last of which the book keeps a few hundred. */
bool order_book_has_ended(const struct order_book *book, const char *job_id);

#endif
