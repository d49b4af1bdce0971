#ifndef TIDEMARK_API_HANDLERS_UDF_CONFIG_H
#define TIDEMARK_API_HANDLERS_UDF_CONFIG_H

struct request;

/*
 * GET /udf/config. Always answered, whatever is away: a chart without it asks for the symbols of
 * stock exchanges.
 */
void udf_config_answer(struct request *request);

/* GET /udf/time: seconds since 1970, as text. */
void udf_time_answer(struct request *request);

#endif
