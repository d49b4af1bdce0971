#include "api/handlers/coingecko/ping.h"

#include "api/request.h"

void
coingecko_ping_answer(struct request *request)
{
    static const char body[] = "{\"gecko_says\":\"(V3) To the Moon!\"}\n";

    request_answer(request, 200, request->manner->content_type,
                   (struct bytes){body, sizeof body - 1});
}
