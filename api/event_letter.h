#ifndef TIDEMARK_API_EVENT_LETTER_H
#define TIDEMARK_API_EVENT_LETTER_H

#include "api/mailbox.h"

struct event; /* of common/event.h; libevent has one of the same name, so no file includes both */

/*
 * From what a worker committed to what is out of date:
 * - a price of bitcoin/usd moved: price:bitcoin, chart:bitcoin/usd (its newest point), data
 * - candles of bitcoin/usd/1h came: chart:bitcoin/usd, data
 * - listings changed: data
 * - there is another report: reports
 */
struct letter *event_letter(const struct event *event);

#endif
