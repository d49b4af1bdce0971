#include "ingest/archive/manifest.h"

#include "unit/check.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char *const names[] = {"source_id", "price"}, *const types[] = {"smallint", "numeric"};

static const struct manifest example = {
    .table = "ticks",
    .partition = "ticks_20261021",
    .from_ms = 1792540800000, /* 2026-10-21 */
    .to_ms = 1792627200000,
    .rows = 345600,
    .bytes = 9007199254740993, /* what a double does not hold */
    .gzip_bytes = 5184000,
    .sha256 = HASH,
    .gzip_sha256 = OTHER,
    .column_names = names,
    .column_types = types,
    .column_count = 2,
    .assets = "[{\"id\":1,\"slug\":\"bitcoin\",\"symbol\":\"BTC\",\"name\":\"Bitcoin \\\"\"}]",
    .newest_run_id = 90412,
    .newest_payload_id = 1805132,
    .schema_version = 16,
    .made_at_ms = 1795222807000,
};

static void
files_are_named_by_what_is_in_them(void **state)
{
    struct arena *arena = arena_create(1024);

    check_string("data", manifest_data_name(&example, arena),
                 "ticks/ticks_20261021-0011223344556677.csv.gz");
    check_string("manifest", manifest_name(&example, arena),
                 "ticks/ticks_20261021-0011223344556677.json");
    check_string("from one to the other", manifest_name_of("s3://b/x-1.csv.gz", arena),
                 "s3://b/x-1.json");
    arena_destroy(arena);
}

static void
a_manifest_comes_back_as_it_was(void **state)
{
    struct arena *arena = arena_create(4096);
    struct bytes text = manifest_encode(&example, arena);
    struct manifest got;
    struct error err = {0};

    check_contains("its data", text.data, "\"file\": \"ticks_20261021-0011223344556677.csv.gz\"");
    check_error("decodes", manifest_decode(text, arena, &got, &err), &err, NULL);
    check_error("the same rows", manifest_same(&got, &example, &err), &err, NULL);
    check_string("table", got.table, "ticks");
    check_int("bytes", got.bytes, example.bytes);
    check_int("columns", (int64_t)got.column_count, 2);
    check_string("a name", got.column_names[1], "price");
    check_string("a type", got.column_types[0], "smallint");
    check_string("assets", got.assets, example.assets);
    check_int("run", got.newest_run_id, 90412);
    check_int("payload", got.newest_payload_id, 1805132);
    check_int("schema", got.schema_version, 16);
    check_int("made at", got.made_at_ms, example.made_at_ms);
    arena_destroy(arena);
}

/* Those that were made before. */
static void
a_manifest_may_say_nothing_of_its_assets(void **state)
{
    struct arena *arena = arena_create(4096);
    struct manifest old = example, got;
    struct error err = {0};

    old.assets = NULL;
    check_error("decodes", manifest_decode(manifest_encode(&old, arena), arena, &got, &err), &err,
                NULL);
    check_string("nothing", got.assets, NULL);
    arena_destroy(arena);
}

static const struct {
    const char *name, *old, *new, *says;
} malformed[] = {
    {"another format",              "\"format\": 1",         "\"format\": 2",            "format"        },
    {"no table",                    "\"table\"",             "\"tabel\"",                "table"         },
    {"a name that leads elsewhere", "ticks_20261021\"",      "../passwd\"",              "partition"     },
    {"a name that is none",         "\"ticks\"",             "\"\"",                     "table"         },
    {"a day that is none",          "2026-10-21T",           "2026-02-30T",              "from"          },
    {"a count below zero",          "345600",                "-1",                       "rows"          },
    {"a count with a fraction",     "345600",                "345600.5",                 "rows"          },
    {"a hash that is too short",    "\"sha256\": \"0011",    "\"sha256\": \"001",        "sha256"        },
    {"a hash of other letters",     "\"sha256\": \"0011",    "\"sha256\": \"zz11",       "sha256"        },
    {"columns that are no list",    "\"columns\": [",        "\"columns\": 1, \"x\": [", "columns"       },
    {"a column that would be SQL",  "\"price\"",             "\"price; DROP\"",          "columns"       },
    {"a column without a type",     "\"type\": \"numeric\"", "\"kind\": \"numeric\"",    "columns"       },
    {"an asset without a number",   "\"id\":1",              "\"id\":\"1\"",             "assets"        },
    {"an asset without a name",     "\"slug\"",              "\"slag\"",                 "assets"        },
    {"no newest run",               "newest_run_id",         "newest_rum_id",            "newest_run_id" },
    {"half of it",                  "\"schema_version\"",    "\"schema_version",         "cannot be read"},
};

static void
what_is_malformed_is_named(void **state)
{
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        struct arena *arena = arena_create(4096);
        struct bytes whole = manifest_encode(&example, arena);
        const char *place = strstr(whole.data, malformed[i].old);
        struct manifest got;
        struct error err = {0};
        char *text;

        check_true(malformed[i].name, place != NULL);
        text = arena_printf(arena, "%.*s%s%s", (int)(place - whole.data), whole.data,
                            malformed[i].new, place + strlen(malformed[i].old));
        check_error(malformed[i].name,
                    manifest_decode((struct bytes){text, strlen(text)}, arena, &got, &err), &err,
                    "archive.damaged");
        check_contains(malformed[i].name, err.message, malformed[i].says);
        arena_destroy(arena);
    }
}

static void
what_differs_is_named(void **state)
{
    struct manifest found[7];
    static const char *const says[] = {
        "partition",           "range",           "size of the file",
        "SHA-256 of the file", "size of the CSV", "SHA-256 of the CSV",
        "number of rows",
    };

    for (size_t i = 0; i < COUNT_OF(found); i++)
        found[i] = example;
    found[0].partition = "ticks_20261022";
    found[1].to_ms++;
    found[2].gzip_bytes++;
    memcpy(found[3].gzip_sha256, HASH, sizeof HASH);
    found[4].bytes++;
    memcpy(found[5].sha256, OTHER, sizeof OTHER);
    found[6].rows--;
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        struct error err = {0};

        check_error(says[i], manifest_same(&found[i], &example, &err), &err, "archive.damaged");
        check_contains(says[i], err.message, says[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_named_by_what_is_in_them),
        cmocka_unit_test(a_manifest_comes_back_as_it_was),
        cmocka_unit_test(a_manifest_may_say_nothing_of_its_assets),
        cmocka_unit_test(what_is_malformed_is_named),
        cmocka_unit_test(what_differs_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
