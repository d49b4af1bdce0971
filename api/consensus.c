#include "api/consensus.h"

#include "common/decimal.h"

#include <stdlib.h>
#include <string.h>

enum {
    ORIGINAL_WEIGHT = 4,
    COPY_WEIGHT = 3,
    COPIES_WEIGHT = 6, /* of all copies together */

    QUORUM = 2,           /* voters */
    OUTLIERS_FROM = 3,    /* voters: of fewer nobody can say who is wrong */
    AGREE_PERCENT = 5,    /* what is further away never agrees */
    TOLERATED_PERCENT = 1 /* what is nearer always does */
};

/* 3 * 1.4826, in ten thousandths. */
enum { MAD_FACTOR = 3 * 14826, MAD_UNIT = 10000 };

/* The inputs of one decision, ascending by price. */
struct vote {
    struct consensus_input **inputs;
    bool *votes; /* stands beside each input */
    size_t count, voters;
    bool has_original; /* an exchange is fresh */
    int32_t weight;
    struct arena *arena;
};

const char *
consensus_state_name(enum consensus_state state)
{
    static const char *const names[] = {NULL, "ok", "single_source", "disagreement", "stale"};

    return names[state];
}

const char *
consensus_verdict_name(enum consensus_verdict verdict)
{
    static const char *const names[] = {"used",    "stale",      "doubtful",
                                        "outlier", "superseded", "disagrees"};

    return names[verdict];
}

/* ----------------------------------------------------------------------------------- decimals */

static const char *
distance(const char *a, const char *b, struct arena *arena)
{
    return decimal_compare(a, b) < 0 ? decimal_subtract(b, a, arena)
                                     : decimal_subtract(a, b, arena);
}

/* Whether `part` is more than so many percent of `whole`. */
static bool
exceeds(const char *part, uint32_t percent, const char *whole, struct arena *arena)
{
    return decimal_compare(decimal_multiply(part, 100, arena),
                           decimal_multiply(whole, percent, arena)) > 0;
}

static bool
agree(const struct consensus_input *a, const struct consensus_input *b, struct arena *arena)
{
    const char *smaller = decimal_compare(a->price, b->price) < 0 ? a->price : b->price;

    return !exceeds(distance(a->price, b->price, arena), AGREE_PERCENT, smaller, arena);
}

struct weighted {
    const char *value;
    int32_t weight;
};

static int
compare_weighted(const void *a, const void *b)
{
    const struct weighted *left = a, *right = b;
    int order = decimal_compare(left->value, right->value);

    return order != 0 ? order : strcmp(left->value, right->value); /* "1.0" and "1" */
}

/* Sorts them. At least one. */
static const char *
weighted_median(struct weighted *values, size_t count, struct arena *arena)
{
    int32_t total = 0, reached = 0;
    size_t i = 0;

    qsort(values, count, sizeof *values, compare_weighted);
    for (size_t k = 0; k < count; k++)
        total += values[k].weight;
    while (2 * (reached + values[i].weight) < total)
        reached += values[i++].weight;
    if (2 * (reached + values[i].weight) > total)
        return values[i].value;
    return decimal_halve(decimal_add(values[i].value, values[i + 1].value, arena), arena);
}

/* ------------------------------------------------------------------------------------- voters */

static bool
is_fresh(const struct consensus_input *input, int64_t now_ms)
{
    return input->observed_at_ms >= now_ms - input->fresh_ms;
}

static bool
are_of_two_origins(const struct vote *vote, const struct consensus_input *a,
                   const struct consensus_input *b)
{
    return a != b && (a->is_original || b->is_original || !vote->has_original);
}

/* Somebody else who says about the same now, doubtful or not. */
static bool
is_confirmed(const struct vote *vote, const struct consensus_input *input, int64_t now_ms)
{
    for (size_t i = 0; i < vote->count; i++) {
        const struct consensus_input *other = vote->inputs[i];

        if (is_fresh(other, now_ms) && are_of_two_origins(vote, input, other) &&
            agree(input, other, vote->arena))
            return true;
    }
    return false;
}

static void
find_voters(struct vote *vote, int64_t now_ms)
{
    for (size_t i = 0; i < vote->count; i++)
        vote->has_original |= vote->inputs[i]->is_original && is_fresh(vote->inputs[i], now_ms);
    for (size_t i = 0; i < vote->count; i++) {
        struct consensus_input *input = vote->inputs[i];

        input->weight = 0;
        if (!is_fresh(input, now_ms))
            input->verdict = CONSENSUS_OLD;
        else if (input->doubt != 0 && !is_confirmed(vote, input, now_ms))
            input->verdict = CONSENSUS_DOUBTFUL;
        else
            vote->votes[i] = true;
        vote->voters += vote->votes[i];
    }
}

/* Weights are in units that keep them whole: as many a unit as there are copies, beyond two. */
static void
weigh(struct vote *vote)
{
    int32_t copies = 0, unit;

    for (size_t i = 0; i < vote->count; i++)
        copies += vote->votes[i] && !vote->inputs[i]->is_original;
    unit = copies > COPIES_WEIGHT / COPY_WEIGHT ? copies : 1;
    for (size_t i = 0; i < vote->count; i++) {
        struct consensus_input *input = vote->inputs[i];

        if (!vote->votes[i])
            continue;
        input->weight = input->is_original ? ORIGINAL_WEIGHT * unit
                        : unit > 1         ? COPIES_WEIGHT
                                           : COPY_WEIGHT;
        vote->weight += input->weight;
    }
}

/* ------------------------------------------------------------------------------------ outcomes */

/* The weighted median of the voters, or of those of them that are used so far. */
static const char *
median_of(const struct vote *vote, bool used_only)
{
    struct weighted *values = arena_alloc_array(vote->arena, vote->count, sizeof *values);
    size_t count = 0;

    for (size_t i = 0; i < vote->count; i++) {
        if (vote->votes[i] && (!used_only || vote->inputs[i]->verdict == CONSENSUS_USED))
            values[count++] = (struct weighted){vote->inputs[i]->price, vote->inputs[i]->weight};
    }
    return weighted_median(values, count, vote->arena);
}

static void
conclude(const struct vote *vote, enum consensus_state state, struct consensus *result)
{
    const char *lowest = NULL, *highest = NULL;

    result->state = state;
    for (size_t i = 0; i < vote->count; i++) {
        const struct consensus_input *input = vote->inputs[i];

        if (input->verdict != CONSENSUS_USED)
            continue;
        if (!lowest)
            lowest = input->price;
        highest = input->price;
        if (input->observed_at_ms > result->observed_at_ms)
            result->observed_at_ms = input->observed_at_ms;
        result->used++;
    }
    if (result->used > 0)
        result->spread = decimal_subtract(highest, lowest, vote->arena);
}

static void
set_voters(const struct vote *vote, enum consensus_verdict verdict)
{
    for (size_t i = 0; i < vote->count; i++) {
        if (vote->votes[i])
            vote->inputs[i]->verdict = verdict;
    }
}

/* Nobody votes: the newest old price that nothing speaks against; of equals the lowest. */
static void
settle_for_stale(const struct vote *vote, struct consensus *result)
{
    struct consensus_input *newest = NULL;
    bool is_any_fresh = false;

    for (size_t i = 0; i < vote->count; i++) {
        struct consensus_input *input = vote->inputs[i];

        is_any_fresh |= input->verdict != CONSENSUS_OLD;
        if (input->verdict == CONSENSUS_OLD && input->doubt == 0 &&
            (!newest || input->observed_at_ms > newest->observed_at_ms))
            newest = input;
    }
    if (is_any_fresh || !newest) {
        conclude(vote, vote->count > 0 ? CONSENSUS_DISAGREEMENT : CONSENSUS_NONE, result);
        return;
    }
    newest->verdict = CONSENSUS_USED;
    result->price = newest->price;
    conclude(vote, CONSENSUS_STALE, result);
}

/* ------------------------------------------------------------------------------------ outliers */

static void
judge(struct consensus_input *input, const char *median, const char *mad, struct arena *arena)
{
    const char *off = distance(input->price, median, arena);

    if (exceeds(off, AGREE_PERCENT, median, arena) ||
        (exceeds(off, TOLERATED_PERCENT, median, arena) &&
         decimal_compare(decimal_multiply(off, MAD_UNIT, arena),
                         decimal_multiply(mad, MAD_FACTOR, arena)) > 0))
        input->verdict = CONSENSUS_OUTLIER;
    else
        input->verdict = CONSENSUS_USED;
}

static void
judge_all(const struct vote *vote)
{
    struct weighted *offs = arena_alloc_array(vote->arena, vote->count, sizeof *offs);
    const char *median = median_of(vote, false), *mad;
    size_t count = 0;

    for (size_t i = 0; i < vote->count; i++) {
        if (vote->votes[i])
            offs[count++] = (struct weighted){distance(vote->inputs[i]->price, median, vote->arena),
                                              vote->inputs[i]->weight};
    }
    mad = weighted_median(offs, count, vote->arena);
    for (size_t i = 0; i < vote->count; i++) {
        if (vote->votes[i])
            judge(vote->inputs[i], median, mad, vote->arena);
    }
}

static bool
has_quorum(const struct vote *vote)
{
    int32_t weight = 0;
    size_t used = 0;

    for (size_t i = 0; i < vote->count; i++) {
        if (!vote->votes[i] || vote->inputs[i]->verdict != CONSENSUS_USED)
            continue;
        weight += vote->inputs[i]->weight;
        used++;
    }
    return used >= QUORUM && 2 * weight > vote->weight;
}

/* ---------------------------------------------------------------------------------- newcomers */

static bool
goes_with(const struct vote *vote, size_t i, const struct consensus_input *leader)
{
    return vote->votes[i] && vote->inputs[i]->verdict == CONSENSUS_OUTLIER &&
           agree(vote->inputs[i], leader, vote->arena);
}

/*
 * How many go with this outlier, itself included; 0 if they are of one origin, or if not each of
 * them is newer than all other voters.
 */
static size_t
count_followers(const struct vote *vote, const struct consensus_input *leader)
{
    int64_t oldest_ms = INT64_MAX, newest_other_ms = INT64_MIN;
    bool has_second_origin = false;
    size_t count = 0;

    for (size_t i = 0; i < vote->count; i++) {
        const struct consensus_input *input = vote->inputs[i];

        if (!vote->votes[i])
            continue;
        if (!goes_with(vote, i, leader)) {
            if (input->observed_at_ms > newest_other_ms)
                newest_other_ms = input->observed_at_ms;
            continue;
        }
        has_second_origin |= are_of_two_origins(vote, input, leader);
        if (input->observed_at_ms < oldest_ms)
            oldest_ms = input->observed_at_ms;
        count++;
    }
    return has_second_origin && oldest_ms > newest_other_ms ? count : 0;
}

/* The newest move that somebody else confirms. Of two, one holds the other: the larger. */
static bool
follow_newest(const struct vote *vote)
{
    struct consensus_input *leader = NULL;
    size_t most = 0;

    for (size_t i = 0; i < vote->count; i++) {
        size_t count = 0;

        if (goes_with(vote, i, vote->inputs[i]))
            count = count_followers(vote, vote->inputs[i]);
        if (count > most) {
            most = count;
            leader = vote->inputs[i];
        }
    }
    for (size_t i = 0; leader && i < vote->count; i++) {
        if (vote->votes[i])
            vote->inputs[i]->verdict =
                goes_with(vote, i, leader) ? CONSENSUS_USED : CONSENSUS_SUPERSEDED;
    }
    return leader;
}

/* ------------------------------------------------------------------------------------ deciding */

/* Two, of whom nobody can say who is wrong. */
static bool
are_agreed(const struct vote *vote)
{
    const struct consensus_input *first = NULL;

    for (size_t i = 0; i < vote->count; i++) {
        if (vote->votes[i] && first)
            return agree(first, vote->inputs[i], vote->arena);
        if (vote->votes[i])
            first = vote->inputs[i];
    }
    return false;
}

static bool
find_agreement(const struct vote *vote)
{
    if (vote->voters < OUTLIERS_FROM) {
        set_voters(vote, CONSENSUS_USED);
        return are_agreed(vote);
    }
    judge_all(vote);
    return has_quorum(vote);
}

static void
count_votes(const struct vote *vote, struct consensus *result)
{
    bool has_price;

    if (vote->voters == 1) {
        set_voters(vote, CONSENSUS_USED);
        result->price = median_of(vote, true);
        conclude(vote, CONSENSUS_SINGLE_SOURCE, result);
        return;
    }
    has_price = find_agreement(vote);
    if (follow_newest(vote) || has_price) {
        result->price = median_of(vote, true);
        conclude(vote, CONSENSUS_OK, result);
        return;
    }
    set_voters(vote, CONSENSUS_DISAGREES);
    conclude(vote, CONSENSUS_DISAGREEMENT, result);
}

static int
compare_inputs(const void *a, const void *b)
{
    const struct consensus_input *left = *(struct consensus_input *const *)a;
    const struct consensus_input *right = *(struct consensus_input *const *)b;
    int order = decimal_compare(left->price, right->price);

    return order != 0 ? order : strcmp(left->source, right->source);
}

void
consensus_decide(struct consensus_input *inputs, size_t count, int64_t now_ms, struct arena *arena,
                 struct consensus *ret_consensus)
{
    struct vote vote = {
        .inputs = arena_alloc_array(arena, count + 1, sizeof *vote.inputs),
        .votes = arena_alloc_array(arena, count + 1, sizeof *vote.votes),
        .count = count,
        .arena = arena,
    };

    for (size_t i = 0; i < count; i++) {
        vote.inputs[i] = &inputs[i];
        vote.votes[i] = false;
    }
    qsort(vote.inputs, count, sizeof *vote.inputs, compare_inputs);
    find_voters(&vote, now_ms);
    weigh(&vote);
    *ret_consensus = (struct consensus){.weight = vote.weight};
    if (vote.voters == 0)
        settle_for_stale(&vote, ret_consensus);
    else
        count_votes(&vote, ret_consensus);
}
