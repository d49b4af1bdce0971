#ifndef TIDEMARK_API_MAILBOX_H
#define TIDEMARK_API_MAILBOX_H

#include "common/arena.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct order_answer;

/* How other threads speak to a loop: any thread posts, the loop is woken by an eventfd and reads.
 */
enum letter_kind {
    LETTER_CHANGED,     /* a worker committed: `version` changed what the tags stand for */
    LETTER_JOB_ENDED,   /* a try of a live job stored nothing: `job_id` */
    LETTER_ORDERED,     /* what became of the order with this ticket */
    LETTER_EVENTS_BACK, /* the stream of events is there again; some may have been missed */
    LETTER_EVENTS_GONE,
    LETTER_DRAIN, /* close the listener, finish what is under way */
    LETTER_STOP,
};

/* One letter may lie in many mailboxes: counted. */
struct letter {
    atomic_int references;
    struct arena *arena; /* the letter lives in it */
    enum letter_kind kind;
    uint64_t version;
    int64_t committed_at_ms;
    const char **tags;
    size_t tag_count;
    const char *job_id; /* that was committed, or ended; NULL for the other kinds */
    uint64_t ticket;
    const struct order_answer *answers; /* one for each item that was ordered */
    size_t answer_count;
};

struct letter *letter_create(enum letter_kind kind);
void letter_release(struct letter *letter); /* NULL is fine */

struct mailbox;

/* `read` is called in the loop; the letter is valid during the call. */
struct mailbox *mailbox_create(struct event_base *base,
                               void (*read)(void *context, const struct letter *letter),
                               void *context);
void mailbox_destroy(struct mailbox *mailbox); /* NULL is fine */

/* The mailbox takes a reference of its own. */
void mailbox_post(struct mailbox *mailbox, struct letter *letter);

#endif
