#ifndef TIDEMARK_API_HANDLERS_CHART_FORMS_H
#define TIDEMARK_API_HANDLERS_CHART_FORMS_H

#include "api/params/params.h"
#include "common/database.h"
#include "common/text.h"

/* The points of a chart as rows: what spreadsheets, pandas and lightweight-charts take. */

/* Columns of query_chart_points and its like. */
enum chart_point_column {
    POINT_AT,
    POINT_CLOSE,
    POINT_VOLUME,
    POINT_VOLUME_24H,
    POINT_MARKET_CAP,
    POINT_COLUMNS,
};

/*
 * Adds all points in the format of the request, which is not JSON, and behind them `latest`, the
 * cells of one more (NULL = none). lwc has seconds, each once: of two points in one the later.
 */
void chart_forms_add(struct text *text, const struct params *params, const struct rows *points,
                     const struct bytes latest[POINT_COLUMNS]);

/* For struct reading: 400 "parameter.conflict" for lwc with numbers=string. */
bool chart_forms_check(const struct params *params, struct problem *ret_problem);

#endif
