#ifndef TIDEMARK_INGEST_WORKER_STEPS_H
#define TIDEMARK_INGEST_WORKER_STEPS_H

#include "common/fault.h"

/*
 * The nine steps of a job, in their order. After each, a test build may kill the process with
 * TIDEMARK_FAULT=<name>; tests/faults reads the names from this table.
 */
#define STEP_RECEIVE "after:receive"     /* 1 the message is here, unacknowledged */
#define STEP_VALIDATE "after:validate"   /* 2 it is a job we understand */
#define STEP_CLAIM "after:claim"         /* 3 its run is in the table, the checkpoint is read */
#define STEP_TOKENS "after:tokens"       /* 4 the provider's budget allows a call */
#define STEP_FETCH "after:fetch"         /* 5 the answer is here */
#define STEP_NORMALISE "after:normalise" /* 6 it has become records */
#define STEP_STORE "after:store"         /* 7 rows, payload, checkpoint and run are committed */
#define STEP_EVENT "after:event"         /* 8 the API's replicas have been told */
#define STEP_ACK "after:ack"             /* 9 the broker has forgotten the message */

#endif
