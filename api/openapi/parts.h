#ifndef TIDEMARK_API_OPENAPI_PARTS_H
#define TIDEMARK_API_OPENAPI_PARTS_H

/*
 * What people wrote for the OpenAPI document, made of the files in this folder by make_parts.py:
 * see README.md. All text is JSON already.
 */
struct openapi_part {
    const char *name; /* NULL ends a list */
    const char *json;
};

struct openapi_response {
    int status;          /* 0 ends a list */
    const char *members; /* of the response object, but for these: */
    const char *content; /* members of "content"; "" = it has none */
    const char *headers; /* members of "headers": those that only this answer has; "" = none */
};

struct openapi_operation {
    const char *route;   /* "GET /simple_price" */
    const char *opening; /* members: operationId, tags, summary */
    const char *notes;   /* text, not JSON: what follows the table's sentence */
    const char *headers; /* parameter objects, with commas, of what stands in the request's head */
    const char *body;    /* the requestBody object, or NULL */
    const struct openapi_part *examples;      /* of parameters, by their name */
    const struct openapi_response *responses; /* the first is that of a success */
    const int *problems; /* statuses of refusals that the table does not show; ends with 0 */
};

/* "headers", "ETag" and what it is; those of a section follow each other. */
struct openapi_component {
    const char *section; /* NULL ends the list */
    const char *name;
    const char *json;
};

extern const struct openapi_operation *const openapi_operations[]; /* ends with NULL */
extern const struct openapi_part openapi_schemas[];
extern const char openapi_opening[]; /* members of the document: info, servers, tags */
/* Of each section those that refer to others first. */
extern const struct openapi_component openapi_components[];

#endif
