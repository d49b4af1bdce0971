#include "api/handlers/prices/latest.h"

#include "api/answer/formats.h"
#include "api/cache/freshness.h"
#include "api/handlers/price_inputs.h"
#include "api/handlers/prices/reader.h"
#include "api/params/as_of.h"
#include "common/clock.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_INTERVALS = 2 /* after its end a candle is stale if none has come behind it */ };

static const struct member price_members[] = {
    {"asset",       MEMBER_TEXT   },
    {"currency",    MEMBER_TEXT   },
    {"price",       MEMBER_DECIMAL},
    {"source",      MEMBER_TEXT   },
    {"state",       MEMBER_STATE  },
    {"sources",     MEMBER_NUMBER },
    {"observed_at", MEMBER_MOMENT },
    {"age_seconds", MEMBER_AGE    },
    {"stale",       MEMBER_STALE  },
    {"doubt",       MEMBER_NUMBER },
};

/* Behind the columns of a candle. */
static const struct member candle_end_members[] = {
    {"closes_at",   MEMBER_MOMENT},
    {"age_seconds", MEMBER_AGE   },
    {"stale",       MEMBER_STALE },
};

enum { CANDLE_MEMBERS_MAX = PRICE_CELLS + COUNT_OF(candle_end_members) };

static struct bytes
of_text(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

static struct bytes
of_number(int64_t number, struct arena *arena)
{
    return of_text(arena_printf(arena, "%" PRId64, number));
}

static struct bytes
of_moment(int64_t at_ms, struct arena *arena)
{
    return at_ms ? of_number(at_ms, arena) : (struct bytes){NULL, 0};
}

static void
latest_tag(const struct params *params, struct tag_list *tags)
{
    const char *symbol = params_get(params, "symbol")->text;

    if (price_param(params, "granularity"))
        tag_list_add(tags, arena_printf(tags->arena, "chart:%s/%s", symbol,
                                        params_get(params, "currency")->text));
    else if (!as_of_is_settled(params, clock_now_ms()))
        tag_list_add(tags, arena_printf(tags->arena, "price:%s", symbol));
}

static bool
latest_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    if (!as_of_given(params) || !price_param(params, "granularity"))
        return as_of_check(params, now_ms, ret_problem);
    problem_set(ret_problem, 400, "parameter.conflict",
                "The request has parameters that do not go together",
                "as_of: a candle of then has a window: /api/v1/prices/{symbol} takes as_of");
    ret_problem->parameter = "as_of";
    ret_problem->allowed = "\"without granularity\"";
    return false;
}

/* One row in the form that was asked for. */
static void
land_row(struct flight *flight, const struct member *members, size_t count,
         const struct bytes *cells)
{
    const struct params *params = flight_params(flight);
    enum members_form form = members_form_of(params);
    struct text text;

    text_init(&text, flight_arena(flight), 1024);
    if (form == MEMBERS_CSV)
        members_add_names(&text, members, count);
    members_add_fresh_cells(flight_freshness(flight), &text, form, members, count, cells);
    if (form != MEMBERS_CSV)
        text_add_char(&text, '\n');
    flight_land(flight, text_finish(&text));
}

/* --------------------------------------------------------------------------------------- prices */

static const char *
source_of(const struct price_inputs *read)
{
    if (read->consensus.state == CONSENSUS_OK)
        return "consensus";
    for (size_t i = 0; i < read->count; i++) {
        if (read->inputs[i].verdict == CONSENSUS_USED)
            return read->inputs[i].source;
    }
    return NULL;
}

static void
render_price(struct flight *flight, const struct rows *rows)
{
    const char *source = params_get(flight_params(flight), "source")->text;
    struct freshness *freshness = flight_freshness(flight);
    struct arena *arena = flight_arena(flight);
    const struct consensus *consensus;
    struct price_inputs read;
    bool is_stale;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, PRICE_VERSION));
    price_inputs_read(rows, 0, source != NULL, arena, &read);
    price_inputs_expect(freshness, &read);
    price_inputs_note(flight, &read, source);
    consensus = &read.consensus;
    is_stale = consensus->state == CONSENSUS_STALE;
    land_row(flight, price_members, COUNT_OF(price_members),
             (const struct bytes[COUNT_OF(price_members)]){
                 of_text(rows_text(rows, 0, PRICE_SLUG)),
                 of_text(rows_text(rows, 0, PRICE_CODE)),
                 of_text(consensus->price),
                 of_text(source_of(&read)),
                 of_text(consensus_state_name(consensus->state)),
                 of_number((int64_t)consensus->used, arena),
                 of_moment(consensus->observed_at_ms, arena),
                 of_moment(consensus->observed_at_ms, arena),
                 of_moment(is_stale ? freshness_now_ms(freshness) : read.stale_at_ms, arena),
                 of_text(source && read.count ? rows_text(rows, 0, PRICE_DOUBT_NAMES) : "[]"),
             });
}

/* -------------------------------------------------------------------------------------- candles */

/* What a flight carries from the series to its last candle. */
struct latest {
    struct price_reader reader;
    struct price_question question;
};

static size_t
list_members(const struct price_columns *columns, struct member members[CANDLE_MEMBERS_MAX])
{
    memcpy(members, columns->members, columns->count * sizeof *members);
    memcpy(members + columns->count, candle_end_members, sizeof candle_end_members);
    return columns->count + COUNT_OF(candle_end_members);
}

static void
render_candle(struct flight *flight, struct latest *latest, const struct bytes *cells)
{
    const struct params *params = flight_params(flight);
    const struct granularity *granularity = latest->reader.walk.window.granularity;
    const struct price_series *series = price_walk_only_series(&latest->reader.walk);
    const struct price_columns *columns = &latest->reader.columns;
    struct freshness *freshness = flight_freshness(flight);
    struct bytes all[CANDLE_MEMBERS_MAX] = {
        {NULL, 0}
    };
    struct member members[CANDLE_MEMBERS_MAX];
    size_t count = list_members(columns, members);
    int64_t step_ms = granularity->interval_s * INT64_C(1000), end_ms = 0, seen_ms;

    if (cells) {
        memcpy(all, cells, columns->count * sizeof *all);
        end_ms = strtoll(latest->reader.cells[CELL_TIME].data, NULL, 10) + step_ms;
        freshness_expect_candles(freshness, series->source, series->asset, series->currency,
                                 granularity->stored_s, end_ms);
    } else {
        all[0] = of_text(params_get(params, "symbol")->text);
        all[1] = of_text(params_get(params, "currency")->text);
        all[2] = of_text(granularity->name);
    }
    seen_ms = end_ms < freshness_now_ms(freshness) ? end_ms : freshness_now_ms(freshness);
    all[columns->count] = of_moment(end_ms, flight_arena(flight));
    all[columns->count + 1] = of_moment(seen_ms, flight_arena(flight));
    all[columns->count + 2] =
        of_moment(end_ms ? end_ms + LATE_INTERVALS * step_ms : 0, flight_arena(flight));
    land_row(flight, members, count, all);
}

static void
take_candle(struct flight *flight, const struct rows *rows)
{
    struct latest *latest = flight_context(flight);
    const struct bytes *cells;

    price_reader_take(&latest->reader, &latest->question, rows);
    render_candle(flight, latest, price_reader_pull(&latest->reader, &cells) ? cells : NULL);
}

static void
take_series(struct flight *flight, const struct rows *rows)
{
    struct latest *latest = flight_context(flight);

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, SERIES_VERSION));
    price_walk_take_newest(&latest->reader.walk, rows);
    if (!price_reader_next(&latest->reader, 1, flight_arena(flight), &latest->question)) {
        render_candle(flight, latest, NULL);
        return;
    }
    flight_ask(flight, latest->question.query, latest->question.values,
               latest->question.value_count, take_candle);
}

static void
finish(void *context)
{
    struct latest *latest = context;

    price_reader_finish(&latest->reader);
}

static void
ask_candle(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct latest *latest = arena_alloc(flight_arena(flight), sizeof *latest);

    price_reader_start(&latest->reader, params, clock_now_ms());
    price_reader_show_all(&latest->reader);
    arena_defer(flight_arena(flight), finish, latest);
    flight_set_context(flight, latest);
    flight_ask(flight, &query_price_series_newest,
               SQL_VALUES(SQL_TEXT(params_get(params, "symbol")->text),
                          SQL_TEXT(params_get(params, "currency")->text),
                          SQL_TEXT(params_get(params, "source")->text),
                          SQL_INT(latest->reader.walk.window.granularity->stored_s)),
               take_series);
}

static void
latest_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);

    if (price_param(params, "granularity"))
        ask_candle(flight);
    else
        price_inputs_ask(flight, array_of_one(params_get(params, "symbol")->text, arena),
                         array_of_one(params_get(params, "currency")->text, arena),
                         params_get(params, "source")->text, render_price);
}

const struct reading price_latest_reading = {.check = latest_check,
                                             .client_s = as_of_client_s,
                                             .tag = latest_tag,
                                             .start = latest_start,
                                             .on_demand = true};
