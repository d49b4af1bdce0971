#include "ingest/archive/manifest.h"

#include "common/clock.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/text.h"

#include <inttypes.h>
#include <string.h>

enum { FORMAT = 1, NAMED_BY = 16, COLUMNS_MAX = 200, NAME_MAX_BYTES = 80 };

static const char data_ending[] = ".csv.gz", manifest_ending[] = ".json";

const char *
manifest_data_name(const struct manifest *manifest, struct arena *arena)
{
    return arena_printf(arena, "%s/%s-%.*s%s", manifest->table, manifest->partition, NAMED_BY,
                        manifest->sha256, data_ending);
}

const char *
manifest_name_of(const char *data_name, struct arena *arena)
{
    size_t length = strlen(data_name), ending = strlen(data_ending);

    if (length > ending && strcmp(data_name + length - ending, data_ending) == 0)
        length -= ending;
    return arena_printf(arena, "%.*s%s", (int)length, data_name, manifest_ending);
}

const char *
manifest_name(const struct manifest *manifest, struct arena *arena)
{
    return manifest_name_of(manifest_data_name(manifest, arena), arena);
}

/* ---- writing ---- */

static void
add_string(struct text *text, const char *key, const char *value)
{
    text_add_format(text, ",\n \"%s\": ", key);
    text_add_json_string(text, value);
}

static void
add_integer(struct text *text, const char *key, int64_t value)
{
    text_add_format(text, ",\n \"%s\": %" PRId64, key, value);
}

static void
add_time(struct text *text, const char *key, int64_t at_ms)
{
    char moment[CLOCK_TEXT_SIZE];

    add_string(text, key, clock_format_ms(at_ms, moment));
}

static void
add_columns(struct text *text, const struct manifest *manifest)
{
    text_add_string(text, ",\n \"columns\": [");
    for (size_t i = 0; i < manifest->column_count; i++) {
        text_add_string(text, i ? ",\n  {\"name\": " : "\n  {\"name\": ");
        text_add_json_string(text, manifest->column_names[i]);
        text_add_string(text, ", \"type\": ");
        text_add_json_string(text, manifest->column_types[i]);
        text_add_char(text, '}');
    }
    text_add_char(text, ']');
}

struct bytes
manifest_encode(const struct manifest *manifest, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 4096);
    text_add_format(&text, "{\"format\": %d", FORMAT);
    add_string(&text, "table", manifest->table);
    add_string(&text, "partition", manifest->partition);
    add_time(&text, "from", manifest->from_ms);
    add_time(&text, "to", manifest->to_ms);
    add_string(&text, "file", strchr(manifest_data_name(manifest, arena), '/') + 1);
    add_integer(&text, "rows", manifest->rows);
    add_integer(&text, "bytes", manifest->bytes);
    add_integer(&text, "gzip_bytes", manifest->gzip_bytes);
    add_string(&text, "sha256", manifest->sha256);
    add_string(&text, "gzip_sha256", manifest->gzip_sha256);
    add_columns(&text, manifest);
    if (manifest->assets) {
        text_add_format(&text, ",\n \"assets\": %s", manifest->assets);
        add_integer(&text, "newest_run_id", manifest->newest_run_id);
        add_integer(&text, "newest_payload_id", manifest->newest_payload_id);
    }
    add_integer(&text, "schema_version", manifest->schema_version);
    add_time(&text, "made_at", manifest->made_at_ms);
    add_string(&text, "made_by", "tidemark " TIDEMARK_VERSION);
    text_add_string(&text, "}\n");
    return text_finish(&text);
}

/* ---- reading ---- */

static bool
damaged(struct error *err, const char *what)
{
    return error_set(err, ERROR_REJECT, "archive.damaged", "the manifest has no good \"%s\"", what);
}

/* Part of a file's name: what our tables are called. */
static bool
read_name(const struct json *tree, const char *key, const char **ret_name, struct error *err)
{
    const char *name = json_string(json_get(tree, key));

    if (!name || !*name || strlen(name) > NAME_MAX_BYTES ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return damaged(err, key);
    *ret_name = name;
    return true;
}

static bool
read_count(const struct json *tree, const char *key, int64_t *ret_count, struct error *err)
{
    return (json_integer(json_get(tree, key), ret_count) && *ret_count >= 0) || damaged(err, key);
}

static bool
read_time(const struct json *tree, const char *key, int64_t *ret_at_ms, struct error *err)
{
    const char *text = json_string(json_get(tree, key));

    return (text && clock_parse_ms(text, strlen(text), ret_at_ms)) || damaged(err, key);
}

static bool
read_hash(const struct json *tree, const char *key, char ret_hex[DIGEST_SHA256_HEX + 1],
          struct error *err)
{
    const char *text = json_string(json_get(tree, key));

    if (!text || strlen(text) != DIGEST_SHA256_HEX)
        return damaged(err, key);
    for (size_t i = 0; i < DIGEST_SHA256_HEX; i++)
        if (hex_value(text[i]) < 0)
            return damaged(err, key);
    memcpy(ret_hex, text, DIGEST_SHA256_HEX + 1);
    return true;
}

static bool
read_columns(const struct json *tree, struct arena *arena, struct manifest *manifest,
             struct error *err)
{
    const struct json *columns = json_get(tree, "columns"), *column;
    size_t count = json_is_array(columns) ? json_count(columns) : 0;
    const char **names, **types;

    if (count == 0 || count > COLUMNS_MAX)
        return damaged(err, "columns");
    names = arena_alloc_array(arena, count, sizeof *names);
    types = arena_alloc_array(arena, count, sizeof *types);
    for (column = json_first(columns); column; column = json_next(column)) {
        types[manifest->column_count] = json_string(json_get(column, "type"));
        if (!types[manifest->column_count] ||
            !read_name(column, "name", &names[manifest->column_count], err))
            return damaged(err, "columns");
        manifest->column_count++;
    }
    manifest->column_names = names;
    manifest->column_types = types;
    return true;
}

/* What its rows name: whether the assets are such is for the database to say. */
static bool
read_references(const struct json *tree, struct arena *arena, struct manifest *manifest,
                struct error *err)
{
    const struct json *assets = json_get(tree, "assets");
    struct text text;

    if (!assets)
        return true;
    if (!json_is_array(assets))
        return damaged(err, "assets");
    for (const struct json *asset = json_first(assets); asset; asset = json_next(asset)) {
        int64_t id;

        if (!json_integer(json_get(asset, "id"), &id) || id < 1 || id > INT32_MAX ||
            !json_string(json_get(asset, "slug")) || !json_string(json_get(asset, "symbol")) ||
            !json_string(json_get(asset, "name")))
            return damaged(err, "assets");
    }
    text_init(&text, arena, 1024);
    json_print(assets, &text);
    manifest->assets = text_finish(&text).data;
    return read_count(tree, "newest_run_id", &manifest->newest_run_id, err) &&
           read_count(tree, "newest_payload_id", &manifest->newest_payload_id, err);
}

bool
manifest_decode(struct bytes text, struct arena *arena, struct manifest *ret_manifest,
                struct error *err)
{
    struct manifest manifest = {0};
    const struct json *tree;
    struct error why;
    int64_t format;

    if (!json_parse(arena, text, &json_limits_payload, &tree, &why))
        return error_set(err, ERROR_REJECT, "archive.damaged", "the manifest cannot be read: %s",
                         why.message);
    if (!json_integer(json_get(tree, "format"), &format) || format != FORMAT)
        return damaged(err, "format");
    if (!read_name(tree, "table", &manifest.table, err) ||
        !read_name(tree, "partition", &manifest.partition, err) ||
        !read_time(tree, "from", &manifest.from_ms, err) ||
        !read_time(tree, "to", &manifest.to_ms, err) ||
        !read_count(tree, "rows", &manifest.rows, err) ||
        !read_count(tree, "bytes", &manifest.bytes, err) ||
        !read_count(tree, "gzip_bytes", &manifest.gzip_bytes, err) ||
        !read_hash(tree, "sha256", manifest.sha256, err) ||
        !read_hash(tree, "gzip_sha256", manifest.gzip_sha256, err) ||
        !read_columns(tree, arena, &manifest, err) ||
        !read_references(tree, arena, &manifest, err) ||
        !read_count(tree, "schema_version", &manifest.schema_version, err) ||
        !read_time(tree, "made_at", &manifest.made_at_ms, err))
        return false;
    *ret_manifest = manifest;
    return true;
}

bool
manifest_same(const struct manifest *found, const struct manifest *wanted, struct error *err)
{
    const struct {
        const char *what;
        bool same;
    } rows[] = {
        {"partition",                    strcmp(found->partition, wanted->partition) == 0},
        {"range",                              found->from_ms == wanted->from_ms && found->to_ms == wanted->to_ms                                              },
        {"size of the file",                              found->gzip_bytes == wanted->gzip_bytes},
        {"SHA-256 of the file",                              strcmp(found->gzip_sha256,                                            wanted->gzip_sha256) == 0},
        {"size of the CSV",     found->bytes == wanted->bytes},
        {"SHA-256 of the CSV",strcmp(found->sha256,                                    wanted->sha256) == 0},
        {"number of rows",              found->rows == wanted->rows},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!rows[i].same)
            return error_set(err, ERROR_REJECT, "archive.damaged",
                             "the %s is not what it was when it was archived", rows[i].what);
    return true;
}
