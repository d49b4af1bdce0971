#ifndef TIDEMARK_API_HANDLERS_PRICES_EXPORT_H
#define TIDEMARK_API_HANDLERS_PRICES_EXPORT_H

struct request;

/*
 * All prices that a request is about, in the forms that have no pages, as an outflow. They are read
 * in batches, each a short query of its own on any connection of the pool: between two of them, and
 * while the client is slow, none is taken. A batch that fails is asked for again for a while, since
 * it goes on exactly behind the last row.
 */
void price_export_start(struct request *request);

#endif
