#include "api/orders/order_book.h"

#include "api/cache/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 1024,
    ENDED_KEPT = 512,
    CLAIM_SLACK_MS = 500, /* replicas do not begin to wait at the same moment */
};

enum state {
    UNDER_WAY,
    DONE, /* it is there, or all of it that could be had */
    IDLE, /* nothing is ordered: kept for `barren` */
};

struct entry {
    struct entry *next;
    char name[ORDER_NAME_SIZE];
    char source[64]; /* "" = somebody else's choice */
    char *job_id;    /* NULL = not named yet */
    enum state state;
    int64_t wait_until_ms; /* UNDER_WAY */
    int64_t until_ms;      /* forgotten then */
    uint32_t barren;       /* bits of sources that were asked and have it not */
    bool is_ours, is_explicit;
};

struct source {
    char name[64];
    int64_t avoid_until_ms;
    int64_t closed_until_ms; /* has no lane */
    struct rate_bucket bucket;
};

struct order_book {
    struct order_policy policy;
    struct entry *buckets[BUCKETS];
    size_t count;
    struct source sources[ORDER_SOURCES_MAX];
    size_t source_count;
    uint64_t ended[ENDED_KEPT]; /* hashes of job ids */
    size_t ended_next;
};

const char *
order_verdict_name(enum order_verdict verdict)
{
    static const char *const names[ORDER_VERDICTS] = {
        [ORDER_NEW] = "new",       [ORDER_JOINED] = "joined",   [ORDER_HELD] = "held",
        [ORDER_BARREN] = "barren", [ORDER_LIMITED] = "limited", [ORDER_AWAY] = "away",
    };

    return names[verdict];
}

struct order_book *
order_book_create(const struct order_policy *policy)
{
    struct order_book *book = calloc(1, sizeof *book);

    if (!book)
        abort();
    book->policy = *policy;
    return book;
}

static void
entry_destroy(struct entry *entry)
{
    free(entry->job_id);
    free(entry);
}

void
order_book_destroy(struct order_book *book)
{
    if (!book)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (book->buckets[i]) {
            struct entry *entry = book->buckets[i];

            book->buckets[i] = entry->next;
            entry_destroy(entry);
        }
    }
    free(book);
}

/* ----------------------------------------------------------------------------------- entries */

static uint64_t
hash_of(const char *text)
{
    return hash_bytes(text, strlen(text), 0);
}

static struct entry **
place_of(struct order_book *book, const char *name)
{
    struct entry **place = &book->buckets[hash_of(name) % BUCKETS];

    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    return place;
}

static void
forget(struct order_book *book, struct entry **place)
{
    struct entry *entry = *place;

    *place = entry->next;
    entry_destroy(entry);
    book->count--;
}

static void
forget_old(struct order_book *book, int64_t now_ms)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct entry **place = &book->buckets[i];

        while (*place) {
            if (now_ms >= (*place)->until_ms)
                forget(book, place);
            else
                place = &(*place)->next;
        }
    }
}

static void
set_text(char **place, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    free(*place);
    *place = copy;
}

/* What is kept only so that nobody is asked in vain makes room for what somebody waits for. */
static void
forget_idle(struct order_book *book)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct entry **place = &book->buckets[i];

        while (*place) {
            if ((*place)->state == IDLE)
                forget(book, place);
            else
                place = &(*place)->next;
        }
    }
}

static bool
has_room(struct order_book *book, const char *name, int64_t now_ms)
{
    if (book->count >= ORDER_BOOK_MAX)
        forget_old(book, now_ms);
    if (book->count >= ORDER_BOOK_MAX)
        forget_idle(book);
    return book->count < ORDER_BOOK_MAX && strlen(name) < ORDER_NAME_SIZE;
}

/* The one that there is, or a new one, for which there must be room. */
static struct entry *
need_entry(struct order_book *book, const char *name)
{
    struct entry **place = place_of(book, name), *entry = *place;

    if (entry)
        return entry;
    entry = calloc(1, sizeof *entry);
    if (!entry)
        abort();
    strcpy(entry->name, name);
    *place = entry;
    book->count++;
    return entry;
}

/* ----------------------------------------------------------------------------------- sources */

/* NULL = there are more sources than the book has room for. */
static struct source *
find_source(struct order_book *book, const char *name)
{
    struct source *source;

    for (size_t i = 0; i < book->source_count; i++) {
        if (strcmp(book->sources[i].name, name) == 0)
            return &book->sources[i];
    }
    if (book->source_count == ORDER_SOURCES_MAX || strlen(name) >= sizeof source->name)
        return NULL;
    source = &book->sources[book->source_count++];
    strcpy(source->name, name);
    return source;
}

void
order_book_avoid(struct order_book *book, const char *name, int64_t now_ms)
{
    struct source *source = find_source(book, name);

    if (source)
        source->avoid_until_ms = now_ms + ORDER_AVOID_MS;
}

void
order_book_close_lane(struct order_book *book, const char *name, int64_t now_ms)
{
    struct source *source = find_source(book, name);

    if (source)
        source->closed_until_ms = now_ms + ORDER_AVOID_MS;
}

/* How long a source is not to be asked; < 0 = not at all. */
static int64_t
wait_of(const struct source *source, const struct order_batch *batch, int64_t now_ms)
{
    int64_t wait_ms = source->avoid_until_ms > now_ms ? source->avoid_until_ms - now_ms : 0;

    if (source->closed_until_ms > now_ms)
        return -1;
    for (size_t i = 0; i < batch->source_count; i++) {
        if (strcmp(batch->sources[i].name, source->name) != 0)
            continue;
        if (!batch->sources[i].usable)
            return -1;
        if (batch->sources[i].wait_ms > wait_ms)
            wait_ms = batch->sources[i].wait_ms;
    }
    return wait_ms;
}

/* ----------------------------------------------------------------------------------- looking */

/* A client waits for the price no longer, and whoever wants it now had better try another source.
 */
static bool
is_overdue(const struct entry *entry, int64_t now_ms)
{
    return entry->state == UNDER_WAY && !entry->is_explicit && now_ms >= entry->wait_until_ms;
}

static void
give_up(struct order_book *book, struct entry *entry, int64_t now_ms)
{
    if (*entry->source)
        order_book_avoid(book, entry->source, now_ms);
    entry->state = IDLE;
}

bool
order_book_look(struct order_book *book, const char *name, int64_t now_ms, struct arena *arena,
                struct order_answer *ret_answer)
{
    struct entry **place = place_of(book, name), *entry = *place;

    if (!entry)
        return false;
    if (now_ms >= entry->until_ms) {
        forget(book, place);
        return false;
    }
    if (is_overdue(entry, now_ms))
        give_up(book, entry, now_ms);
    if (entry->state == IDLE)
        return false;
    *ret_answer = (struct order_answer){
        .verdict = entry->state == UNDER_WAY ? ORDER_JOINED : ORDER_HELD,
        .job_id = entry->job_id ? arena_string(arena, entry->job_id) : NULL,
        .wait_ms = (entry->state == UNDER_WAY ? entry->wait_until_ms : entry->until_ms) - now_ms,
    };
    return true;
}

/* ----------------------------------------------------------------------------------- placing */

static struct order_job *
find_job(const struct order_batch *batch, const struct order_item *item,
         const struct order_way *way)
{
    for (struct order_job *job = batch->first; job; job = job->next) {
        if (item->kind == JOB_QUOTE && job->kind == JOB_QUOTE && job->count < job->room &&
            strcmp(job->source, way->source) == 0 && strcmp(job->group, way->group) == 0)
            return job;
    }
    return NULL;
}

static struct order_job *
add_job(struct order_batch *batch, const struct order_item *item, const struct order_way *way)
{
    struct order_job *job = arena_alloc_array(batch->arena, 1, sizeof *job);

    *job = (struct order_job){
        .kind = item->kind,
        .source = arena_string(batch->arena, way->source),
        .group = arena_string(batch->arena, way->group),
        .args = item->args ? arena_string(batch->arena, item->args) : NULL,
        .room = way->symbols_max > 0 ? (size_t)way->symbols_max : 1,
    };
    job->lines = arena_alloc_array(batch->arena, job->room, sizeof *job->lines);
    *batch->end = job;
    batch->end = &job->next;
    return job;
}

static void
add_line(const struct order_book *book, struct order_job *job, const struct order_item *item,
         const struct order_way *way, struct arena *arena)
{
    job->lines[job->count++] = (struct order_line){
        .name = arena_string(arena, item->name),
        .symbol = arena_string(arena, way->symbol),
        .claim_ms = item->is_explicit ? item->hold_ms : book->policy.wait_ms + CLAIM_SLACK_MS,
    };
    if (item->useful_s > job->useful_s)
        job->useful_s = item->useful_s;
}

/* Another symbol of a job that goes out anyway costs nothing. False: when there is room again. */
static bool
take_token(struct order_book *book, struct source *source, int64_t now_ms, int64_t *ret_wait_ms)
{
    struct rate_grant grant = rate_bucket_take(&source->bucket, &book->policy.rate, 1, now_ms);

    *ret_wait_ms = grant.wait_ms > 0 ? grant.wait_ms : 1000;
    return grant.granted > 0;
}

/* The shortest of the waits that were met; none is 0. */
static void
note_wait(int64_t *shortest_ms, int64_t wait_ms)
{
    if (*shortest_ms == 0 || wait_ms < *shortest_ms)
        *shortest_ms = wait_ms;
}

static uint32_t
bit_of(const struct order_book *book, const struct source *source)
{
    return 1u << (source - book->sources);
}

/*
 * The job that a thing goes into, by the first way that may be used; NULL = none may, and
 * `*ret_wait_ms` is when one of them could, 0 = never.
 */
static struct order_job *
choose(struct order_book *book, struct order_batch *batch, const struct order_item *item,
       uint32_t barren, bool patient, int64_t now_ms, int64_t *ret_wait_ms)
{
    *ret_wait_ms = 0;
    for (size_t i = 0; i < item->way_count; i++) {
        const struct order_way *way = &item->ways[i];
        struct source *source = find_source(book, way->source);
        struct order_job *job;
        int64_t wait_ms;

        if (!source || barren & bit_of(book, source))
            continue;
        wait_ms = wait_of(source, batch, now_ms);
        if (wait_ms < 0)
            continue;
        if (wait_ms > 0 && !patient) {
            note_wait(ret_wait_ms, wait_ms);
            continue;
        }
        job = find_job(batch, item, way);
        if (!job && !take_token(book, source, now_ms, &wait_ms)) {
            note_wait(ret_wait_ms, wait_ms);
            continue;
        }
        if (!job)
            job = add_job(batch, item, way);
        add_line(book, job, item, way, batch->arena);
        return job;
    }
    return NULL;
}

/* It counts as ordered from here on. */
static void
open_entry(struct order_book *book, const struct order_item *item, const char *source,
           int64_t now_ms)
{
    struct entry *entry = need_entry(book, item->name);

    strcpy(entry->source, source);
    entry->state = UNDER_WAY;
    entry->is_ours = true;
    entry->is_explicit = item->is_explicit;
    entry->wait_until_ms = now_ms + book->policy.wait_ms;
    entry->until_ms = now_ms + item->hold_ms;
    free(entry->job_id);
    entry->job_id = NULL;
}

void
order_book_place(struct order_book *book, struct order_batch *batch, const struct order_item *item,
                 int64_t now_ms, struct order_answer *ret_answer, struct order_job **ret_job)
{
    const struct entry *known;
    uint32_t barren;
    int64_t wait_ms;

    *ret_job = NULL;
    if (order_book_look(book, item->name, now_ms, batch->arena, ret_answer))
        return;
    *ret_answer = (struct order_answer){.verdict = ORDER_LIMITED, .wait_ms = ORDER_HOLD_MS};
    if (!has_room(book, item->name, now_ms))
        return;
    known = *place_of(book, item->name);
    barren = known ? known->barren : 0;
    *ret_job = choose(book, batch, item, barren, false, now_ms, &wait_ms);
    if (!*ret_job && item->is_explicit && wait_ms > 0)
        *ret_job = choose(book, batch, item, barren, true, now_ms, &wait_ms);
    if (*ret_job) {
        open_entry(book, item, (*ret_job)->source, now_ms);
        *ret_answer = (struct order_answer){.verdict = ORDER_NEW, .wait_ms = book->policy.wait_ms};
    } else {
        *ret_answer = (struct order_answer){
            .verdict = wait_ms > 0 ? ORDER_LIMITED : ORDER_BARREN,
            .wait_ms = wait_ms > 0 ? wait_ms
                       : known     ? known->until_ms - now_ms
                                   : 0,
        };
    }
}

void
order_book_name_job(struct order_book *book, const char *name, const char *job_id)
{
    struct entry *entry = *place_of(book, name);

    if (entry)
        set_text(&entry->job_id, job_id);
}

void
order_book_adopt(struct order_book *book, const char *name, const char *job_id, int64_t left_ms,
                 int64_t now_ms)
{
    struct entry *entry = *place_of(book, name);

    if (!entry)
        return;
    set_text(&entry->job_id, job_id);
    *entry->source = '\0';
    entry->is_ours = false;
    entry->wait_until_ms = now_ms + left_ms;
    if (!entry->is_explicit && (left_ms <= 0 || order_book_has_ended(book, job_id)))
        entry->state = DONE;
}

void
order_book_withdraw(struct order_book *book, const char *name)
{
    struct entry **place = place_of(book, name);

    if (*place)
        forget(book, place);
}

/* ------------------------------------------------------------------------------------ ending */

bool
order_book_has_ended(const struct order_book *book, const char *job_id)
{
    uint64_t hash = hash_of(job_id);

    for (size_t i = 0; i < ENDED_KEPT; i++) {
        if (book->ended[i] == hash)
            return true;
    }
    return false;
}

bool
order_book_knows(const struct order_book *book, const char *job_id)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct entry *entry = book->buckets[i]; entry; entry = entry->next) {
            if (entry->job_id && strcmp(entry->job_id, job_id) == 0)
                return true;
        }
    }
    return order_book_has_ended(book, job_id);
}

/* "bitcoin/usd@kraken" is of the price "bitcoin/usd". */
static bool
is_among(const char *name, const struct order_ended *ended)
{
    size_t size = strcspn(name, "@");

    for (size_t i = 0; i < ended->price_count; i++) {
        if (strlen(ended->prices[i]) == size && memcmp(ended->prices[i], name, size) == 0)
            return true;
    }
    return false;
}

/* Of a request that will never work another try says nothing new, but another source may. */
static bool
is_final(const struct order_ended *ended)
{
    return !ended->outcome || strcmp(ended->outcome, "permanent") == 0;
}

/* True if it may be ordered again at once, because nothing is known of it yet. */
static bool
end_entry(struct entry *entry, const struct order_ended *ended, uint32_t source_bit, int64_t now_ms)
{
    if (entry->is_explicit)
        return false; /* the workers go on trying */
    if (!is_final(ended)) {
        entry->state = IDLE;
        return true;
    }
    if (!ended->outcome && is_among(entry->name, ended)) {
        entry->state = DONE;
    } else {
        entry->state = IDLE;
        entry->barren |= source_bit;
        entry->until_ms = now_ms + ORDER_BARREN_MS;
    }
    return false;
}

void
order_book_end(struct order_book *book, const struct order_ended *ended, int64_t now_ms,
               struct arena *arena, const char *const **ret_released, size_t *ret_count)
{
    const char **released = arena_alloc_array(arena, book->count + 1, sizeof *released);
    struct source *source = find_source(book, ended->source);
    size_t count = 0;

    if (source)
        source->avoid_until_ms = is_final(ended) ? 0 : now_ms + ORDER_AVOID_MS;
    if (is_final(ended))
        book->ended[book->ended_next++ % ENDED_KEPT] = hash_of(ended->job_id);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct entry *entry = book->buckets[i]; entry; entry = entry->next) {
            if (!entry->job_id || strcmp(entry->job_id, ended->job_id) != 0)
                continue;
            if (end_entry(entry, ended, source ? bit_of(book, source) : 0, now_ms) &&
                entry->is_ours)
                released[count++] = arena_string(arena, entry->name);
        }
    }
    *ret_released = released;
    *ret_count = count;
}
