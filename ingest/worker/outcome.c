#include "ingest/worker/outcome.h"

#include "ingest/worker/retry.h"

#include <string.h>

enum {
    COOLDOWN_DEFAULT_MS = 60 * 1000,
    COOLDOWN_MIN_MS = 1000,
    COOLDOWN_MAX_MS = 3600 * 1000,
    BAN_MAX_MS = 3 * 24 * 3600 * 1000,
};

const char *
outcome_name(enum outcome outcome)
{
    static const char *const names[] = {
        [OUTCOME_DONE] = "done",           [OUTCOME_CONTINUED] = "continued",
        [OUTCOME_TRANSIENT] = "transient", [OUTCOME_LIMITED] = "limited",
        [OUTCOME_DEFERRED] = "deferred",   [OUTCOME_PERMANENT] = "permanent",
        [OUTCOME_OURS] = "ours",           [OUTCOME_EXPIRED] = "expired",
        [OUTCOME_SKIPPED] = "skipped",
    };

    return names[outcome];
}

enum outcome
outcome_of_fetch(const struct error *err)
{
    return err->kind == ERROR_RETRY ? OUTCOME_TRANSIENT : OUTCOME_PERMANENT;
}

enum outcome
outcome_of_verdict(enum verdict verdict)
{
    static const enum outcome outcomes[] = {
        [VERDICT_OK] = OUTCOME_DONE,
        [VERDICT_LIMITED] = OUTCOME_LIMITED,
        [VERDICT_TRANSIENT] = OUTCOME_TRANSIENT,
        [VERDICT_PERMANENT] = OUTCOME_PERMANENT,
    };

    return outcomes[verdict];
}

bool
outcome_check_batch(const struct batch *batch, struct error *err)
{
    size_t taken =
        batch->tick_count + batch->listing_count + batch->candle_count + batch->reference_count;
    bool history = batch->candle_interval_s > 0;
    const struct reject *first = batch->rejects;

    if (taken > 0 || batch->rejected == 0 ||
        (history && (!batch->position || batch->candle_origin == CANDLE_POINTS)))
        return true;
    return error_set(err, ERROR_REJECT, "payload.rejected",
                     "of %zu records none can be taken; the first: %.40s %.40s%s%.80s",
                     batch->rejected, first->where, first->reason, first->excerpt[0] ? ": " : "",
                     first->excerpt);
}

enum outcome
outcome_of_parse(const struct error *err, const char *previous_code)
{
    bool shape =
        strcmp(err->code, "payload.shape") == 0 || strcmp(err->code, "payload.rejected") == 0;

    if (shape && previous_code && strcmp(previous_code, err->code) == 0)
        return OUTCOME_PERMANENT;
    return OUTCOME_TRANSIENT;
}

enum outcome
outcome_of_store(const struct error *err)
{
    return err->kind == ERROR_REJECT ? OUTCOME_PERMANENT : OUTCOME_OURS;
}

enum outcome
outcome_of_task(const struct error *err)
{
    bool ours = strncmp(err->code, "database.", strlen("database.")) == 0 ||
                strcmp(err->code, "checkpoint.moved") == 0 ||
                strcmp(err->code, "archive.stopped") == 0;

    return err->kind == ERROR_RETRY && !ours ? OUTCOME_TRANSIENT : outcome_of_store(err);
}

struct settlement
outcome_settle(enum outcome outcome, enum job_kind kind, int32_t attempt, int64_t wait_ms,
               const int64_t *tiers_ms, size_t tier_count, uint32_t random)
{
    size_t tier, asked_tier;

    switch (outcome) {
    case OUTCOME_DONE:
    case OUTCOME_EXPIRED:
    case OUTCOME_SKIPPED:
        return (struct settlement){.action = ACTION_ACK};
    case OUTCOME_CONTINUED:
        return (struct settlement){.action = ACTION_RETRY, .tier = 0, .attempt = attempt};
    case OUTCOME_TRANSIENT:
        if (attempt >= retry_attempts_max(kind))
            return (struct settlement){.action = ACTION_DEAD, .reason = "attempts"};
        tier = retry_tier(attempt, tiers_ms, tier_count, random);
        asked_tier = retry_tier_at_least(wait_ms, tiers_ms, tier_count);
        return (struct settlement){.action = ACTION_RETRY,
                                   .tier = asked_tier > tier ? asked_tier : tier,
                                   .attempt = attempt + 1};
    case OUTCOME_LIMITED:
    case OUTCOME_DEFERRED:
        return (struct settlement){.action = ACTION_RETRY,
                                   .tier = retry_tier_at_least(wait_ms, tiers_ms, tier_count),
                                   .attempt = attempt};
    case OUTCOME_PERMANENT:
        return (struct settlement){.action = ACTION_DEAD, .reason = "permanent"};
    case OUTCOME_OURS:
        break;
    }
    return (struct settlement){.action = ACTION_KEEP};
}

bool
outcome_is_suspect(int64_t delivery_count, const struct job *job, const int64_t *tiers_ms,
                   size_t tier_count, uint32_t random, struct settlement *ret_settlement)
{
    if (delivery_count < OUTCOME_SUSPECT_DELIVERIES)
        return false;
    if (job->set_aside >= OUTCOME_SET_ASIDE_MAX)
        *ret_settlement = (struct settlement){.action = ACTION_DEAD, .reason = "crashes"};
    else
        *ret_settlement = (struct settlement){
            .action = ACTION_RETRY,
            .tier = retry_tier(job->set_aside + 2, tiers_ms, tier_count, random),
            .attempt = job->attempt,
        };
    return true;
}

struct settlement
outcome_postpone(const struct settlement *settlement, size_t tier_count)
{
    struct settlement later = *settlement;

    later.tier = tier_count - 1;
    return later;
}

int64_t
outcome_cooldown_ms(int64_t retry_after_ms, const char *code)
{
    int64_t longest_ms = strcmp(code, "provider.banned") == 0 ? BAN_MAX_MS : COOLDOWN_MAX_MS;

    if (retry_after_ms == 0)
        return COOLDOWN_DEFAULT_MS;
    if (retry_after_ms < COOLDOWN_MIN_MS)
        return COOLDOWN_MIN_MS;
    return retry_after_ms < longest_ms ? retry_after_ms : longest_ms;
}

enum upstream_result
outcome_result_of_fetch(const struct error *err)
{
    bool ours = strcmp(err->code, "fetch.private_address") == 0;

    return err->kind == ERROR_RETRY && !ours ? UPSTREAM_FAILED : UPSTREAM_NOTHING;
}

enum upstream_result
outcome_result_of_verdict(enum verdict verdict)
{
    static const enum upstream_result results[] = {
        [VERDICT_OK] = UPSTREAM_GOOD,
        [VERDICT_LIMITED] = UPSTREAM_LIMITED,
        [VERDICT_TRANSIENT] = UPSTREAM_FAILED,
        [VERDICT_PERMANENT] = UPSTREAM_GOOD,
    };

    return results[verdict];
}
