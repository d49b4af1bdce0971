#include "api/handlers/payloads.h"

#include "api/lookup.h"
#include "api/request.h"
#include "common/text.h"
#include "schema/queries.h"

#include <inttypes.h>

/* Columns of query_raw_payload_bytes. */
enum { SHA256_HEX, SHA256_BASE64, BODY };

static int64_t
payload_id(const struct request *request)
{
    return params_get(&request->params, "id")->integer;
}

/* The hash was made when the payload was stored, in three spellings: RFC 9530's, RFC 3230's, and
 * that of sha256sum. */
static const char *
make_head(const struct request *request, const struct rows *rows)
{
    return arena_printf(request->http->arena,
                        "Content-Disposition: attachment; filename=\"payload-%" PRId64 "\"\r\n"
                        "X-Content-Type-Options: nosniff\r\n"
                        "Content-Security-Policy: default-src 'none'; sandbox\r\n"
                        "Repr-Digest: sha-256=:%s:\r\n"
                        "Digest: SHA-256=%s\r\n"
                        "X-Payload-Sha256: %s\r\n",
                        payload_id(request), rows_text(rows, 0, SHA256_BASE64),
                        rows_text(rows, 0, SHA256_BASE64), rows_text(rows, 0, SHA256_HEX));
}

static void
payload_found(struct request *request, const struct rows *rows)
{
    struct arena *decoded;
    struct problem problem;
    struct bytes body;

    if (rows->count == 0) {
        problem_set(&problem, 404, "payload.unknown", "There is no such payload",
                    "no payload %" PRId64 " is kept: it never was, or retention dropped it",
                    payload_id(request));
        request_refuse(request, &problem);
        return;
    }
    request->head = make_head(request, rows);
    decoded = arena_create(4096); /* not the request's: its memory would stay with the connection */
    body = rows_bytes(rows, 0, BODY, decoded);
    request->body = http_body_copy(body.data, body.size);
    arena_destroy(decoded);
    request_answer(request, 200, "application/octet-stream", (struct bytes){"", 0});
}

void
payloads_answer(struct request *request)
{
    request->served_from = "lookup";
    lookup_start(request, &query_raw_payload_bytes, SQL_VALUES(SQL_INT(payload_id(request))),
                 payload_found);
}
