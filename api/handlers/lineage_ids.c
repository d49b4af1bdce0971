#include "api/handlers/lineage_parts.h"

#include "schema/queries.h"

static const char *
what_is_not_there(const struct params *params)
{
    if (lineage_is_given(params, "run_id"))
        return "there is no such run";
    if (lineage_is_given(params, "payload_id"))
        return "there is no such payload";
    return "nothing is stored for this asset, currency and source at this moment";
}

void
lineage_nothing(struct flight *flight)
{
    struct problem problem;

    problem_set(&problem, 404, "lineage.nothing", "There is no such number", "%s",
                what_is_not_there(flight_params(flight)));
    flight_fail(flight, &problem);
}

static void
on_run_payloads(struct flight *flight, const struct rows *rows)
{
    const struct chain *chain = flight_context(flight);

    flight_land(flight, chain_render_run(&chain->origin, rows, flight_params(flight),
                                         flight_arena(flight)));
}

static void
on_run(struct flight *flight, const struct rows *rows)
{
    struct chain *chain = flight_context(flight);
    const struct params *params = flight_params(flight);

    chain->origin = *rows;
    flight_note_version(flight, rows_text(rows, 0, ORIGIN_VERSION));
    if (rows_is_null(rows, 0, ORIGIN_RUN) && rows_is_null(rows, 0, ORIGIN_PAYLOAD)) {
        lineage_nothing(flight);
    } else if (lineage_is_given(params, "payload_id")) {
        flight_land(flight, chain_render_run(rows, NULL, params, flight_arena(flight)));
    } else {
        flight_ask(flight, &query_lineage_run_payloads,
                   SQL_VALUES(SQL_INT(params_get(params, "run_id")->integer),
                              SQL_INT(params_get(params, "after")->integer),
                              SQL_INT(params_get(params, "limit")->integer)),
                   on_run_payloads);
    }
}

static struct database_value
id_value(const struct params *params, const char *name)
{
    const struct param_value *id = params_get(params, name);

    return id->given ? SQL_INT(id->integer) : SQL_NULL;
}

void
lineage_ask_run(struct flight *flight)
{
    const struct params *params = flight_params(flight);

    flight_ask(flight, &query_lineage_origin,
               SQL_VALUES(id_value(params, "run_id"), id_value(params, "payload_id"), SQL_NULL,
                          SQL_NULL, SQL_NULL),
               on_run);
}
