#include "api/handlers/completeness.h"

#include "api/answer/formats.h"
#include "api/answer/members.h"
#include "api/answer/paging.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <string.h>

/* Columns of query_completeness_gaps and query_completeness_series, and the members they become. */
enum { TOTAL, VERSION, SUMMARY, FIRST_MEMBER };

static const struct member gap_members[] = {
    {"source",        MEMBER_TEXT  },
    {"asset",         MEMBER_TEXT  },
    {"currency",      MEMBER_TEXT  },
    {"interval",      MEMBER_TEXT  },
    {"from",          MEMBER_MOMENT},
    {"until",         MEMBER_MOMENT},
    {"missing",       MEMBER_NUMBER},
    {"cause",         MEMBER_TEXT  },
    {"state",         MEMBER_TEXT  },
    {"attempts",      MEMBER_NUMBER},
    {"first_seen_at", MEMBER_MOMENT},
    {"checked_at",    MEMBER_MOMENT},
    {"ended_at",      MEMBER_MOMENT},
    {"gap_id",        MEMBER_NUMBER},
};

static const struct member series_members[] = {
    {"source",         MEMBER_TEXT  },
    {"asset",          MEMBER_TEXT  },
    {"currency",       MEMBER_TEXT  },
    {"interval",       MEMBER_TEXT  },
    {"expected_from",  MEMBER_MOMENT},
    {"due_until",      MEMBER_MOMENT},
    {"verified_until", MEMBER_MOMENT},
    {"expected",       MEMBER_NUMBER},
    {"stored",         MEMBER_NUMBER},
    {"unverified",     MEMBER_NUMBER},
    {"missing",        MEMBER_NUMBER},
    {"causes",         MEMBER_NUMBER},
};

static const struct {
    const char *name;
    int32_t seconds;
} intervals[] = {
    {"5m", 300  },
    {"1h", 3600 },
    {"1d", 86400},
};

/* Nothing that a worker says changes it: the ledger is looked through once a minute. */
static void
completeness_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, "completeness");
}

static bool
wants_series(const struct params *params)
{
    return strcmp(params_get(params, "rows")->text, "series") == 0;
}

static struct database_value
interval_value(const struct params *params)
{
    const char *name = params_get(params, "interval")->text;

    for (size_t i = 0; name && i < COUNT_OF(intervals); i++)
        if (strcmp(intervals[i].name, name) == 0)
            return SQL_INT(intervals[i].seconds);
    return SQL_NULL;
}

static void
add_metadata(struct text *text, const struct params *params, const struct rows *rows)
{
    text_add_format(text,
                    "\"page\":%" PRId64 ",\"page_size\":%" PRId64 ",\"total_count\":%" PRId64
                    "},\"summary\":",
                    params_get(params, "page")->integer, params_get(params, "page_size")->integer,
                    rows_int(rows, 0, TOTAL, 0));
    text_add_string(text, rows_text(rows, 0, SUMMARY));
    text_add_string(text, ",\"data\":");
}

static void
add_links(struct flight *flight, int64_t total)
{
    const struct params *params = flight_params(flight);
    struct arena *arena = flight_arena(flight);
    struct paging paging =
        paging_numbered(params, params_get(params, "page_size")->integer, total, arena);

    flight_add_head(flight, paging_head(params, &paging, arena));
}

/* JSON goes on where respond.c opened the object: behind request_id and api_latency_ms. */
static void
completeness_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    bool is_json = formats_of(params) == FORMAT_JSON, series = wants_series(params);
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    add_links(flight, rows_int(rows, 0, TOTAL, 0));
    text_init(&text, flight_arena(flight), 1024 + 400 * rows->count);
    if (is_json)
        add_metadata(&text, params, rows);
    /* Pages that are empty have one row all the same. */
    members_add_rows(&text, params, series ? series_members : gap_members,
                     series ? COUNT_OF(series_members) : COUNT_OF(gap_members), rows, 0,
                     rows_is_null(rows, 0, FIRST_MEMBER) ? 0 : rows->count, FIRST_MEMBER);
    if (is_json)
        text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
completeness_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    int64_t count = params_get(params, "page_size")->integer;

    flight_ask(flight, wants_series(params) ? &query_completeness_series : &query_completeness_gaps,
               SQL_VALUES(SQL_TEXT(params_get(params, "source")->text),
                          SQL_TEXT(params_get(params, "asset")->text),
                          SQL_TEXT(params_get(params, "currency")->text), interval_value(params),
                          SQL_TEXT(params_get(params, "cause")->text),
                          SQL_TEXT(params_get(params, "state")->text), SQL_INT(count),
                          SQL_INT((params_get(params, "page")->integer - 1) * count)),
               completeness_render);
}

const struct reading completeness_reading = {
    .tag = completeness_tag, .start = completeness_start, .opened_by_request = true};
