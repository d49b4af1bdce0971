#ifndef TIDEMARK_API_HANDLERS_COINGECKO_PING_H
#define TIDEMARK_API_HANDLERS_COINGECKO_PING_H

struct request;

/* GET /api/v3/ping: that there is somebody. */
void coingecko_ping_answer(struct request *request);

#endif
