#ifndef TIDEMARK_COMMON_BROKER_PARCEL_H
#define TIDEMARK_COMMON_BROKER_PARCEL_H

#include "common/broker_connection.h"

/*
 * Inside of broker*.c only: a message as its frames come in. The first frame (a deliver, get-ok or
 * return) begins a parcel, a header frame and any number of body frames complete it.
 */
struct broker_parcel {
    struct arena *arena; /* its own, so that a message can be kept until somebody asks for it */
    struct broker_delivery delivery;
    uint64_t publish_number; /* of a returned message: which one of ours it was; 0 = unknown */
    uint64_t expected_bytes; /* of the body; what is over BROKER_BODY_MAX + 1 is not kept */
    uint64_t seen_bytes;
    bool has_header;
    struct broker_parcel *next; /* for whoever keeps a list */
};

/* NULL unless the frame begins a message. */
struct broker_parcel *broker_parcel_begin(const amqp_frame_t *frame, uint64_t connection_number);
void broker_parcel_destroy(struct broker_parcel *parcel); /* NULL is fine */

/* Adds a header or body frame; another kind of frame is ignored. */
void broker_parcel_add(struct broker_parcel *parcel, const amqp_frame_t *frame);
bool broker_parcel_is_complete(const struct broker_parcel *parcel);

#endif
