#include "ingest/archive/flow.h"

#include "common/text.h"
#include "unit/check.h"

static bool
keep(void *context, struct bytes piece, struct error *err)
{
    text_add(context, piece.data, piece.size);
    return true;
}

static struct bytes
as_bytes(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* Rows as a COPY hands them over, packed; what it saw. */
static struct bytes
pack(const char *const *rows, size_t count, struct arena *arena, struct flow_measure *ret_measure)
{
    struct packing *packing;
    struct error err = {0};
    struct text packed;

    text_init(&packed, arena, 1024);
    packing = packing_create(keep, &packed);
    for (size_t i = 0; i < count; i++)
        check_error("packs", packing_add(packing, as_bytes(rows[i]), &err), &err, NULL);
    check_error("ends", packing_finish(packing, ret_measure, &err), &err, NULL);
    packing_destroy(packing);
    return text_finish(&packed);
}

static const struct {
    const char *name;
    size_t count;
    const char *rows[4];
    const char *csv;
} flows[] = {
    {"three rows",                 4, {"a,b\n", "1,2\n", "3,4\n", "5,6\n"},   "a,b\n1,2\n3,4\n5,6\n"},
    {"no row",                     1, {"a,b\n"},                              "a,b\n"               },
    {"a newline inside of quotes", 3, {"a\n", "\"1\n2\"\n", "3\n"},           "a\n\"1\n2\"\n3\n"    },
    {"a quote inside of quotes",
     3,                               {"a\n", "\"1\"\"\n\"\n", "\"\"\"\"\n"},
     "a\n\"1\"\"\n\"\n\"\"\"\"\n"                                                                   },
};

/* A byte at a time, so that every place is once the end of a stretch. */
static void
what_went_in_comes_out_and_both_sides_measure_the_same(void **state)
{
    for (size_t i = 0; i < COUNT_OF(flows); i++) {
        struct arena *arena = arena_create(4096);
        struct flow_measure in, out;
        struct bytes packed = pack(flows[i].rows, flows[i].count, arena, &in);
        struct unpacking *unpacking;
        struct error err = {0};
        struct text plain;

        text_init(&plain, arena, 1024);
        unpacking = unpacking_create(keep, &plain);
        for (size_t at = 0; at < packed.size; at++)
            check_error(flows[i].name,
                        unpacking_add(unpacking, (struct bytes){packed.data + at, 1}, &err), &err,
                        NULL);
        check_error(flows[i].name, unpacking_finish(unpacking, &out, &err), &err, NULL);
        unpacking_destroy(unpacking);
        check_string(flows[i].name, text_finish(&plain).data, flows[i].csv);
        check_int(flows[i].name, in.rows, (int64_t)flows[i].count - 1);
        check_int(flows[i].name, out.rows, in.rows);
        check_int(flows[i].name, out.bytes, (int64_t)strlen(flows[i].csv));
        check_int(flows[i].name, out.gzip_bytes, (int64_t)packed.size);
        check_string(flows[i].name, out.sha256, in.sha256);
        check_string(flows[i].name, out.gzip_sha256, in.gzip_sha256);
        arena_destroy(arena);
    }
}

/* The hash of the CSV of a partition is found out without packing it. */
static void
measuring_alone_sees_the_same_csv(void **state)
{
    static const char *const rows[] = {"a\n", "1\n"};
    struct arena *arena = arena_create(4096);
    struct packing *packing = packing_create(NULL, NULL);
    struct flow_measure packed, measured;
    struct manifest manifest = {0};
    struct error err = {0};

    pack(rows, 2, arena, &packed);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_error("adds", packing_add(packing, as_bytes(rows[i]), &err), &err, NULL);
    check_error("ends", packing_finish(packing, &measured, &err), &err, NULL);
    packing_destroy(packing);
    check_string("hash", measured.sha256, packed.sha256);
    check_int("nothing packed", measured.gzip_bytes, 0);
    flow_write_down(&packed, &manifest);
    check_int("rows", manifest.rows, 1);
    check_string("hash of the file", manifest.gzip_sha256, packed.gzip_sha256);
    arena_destroy(arena);
}

static bool
refuse(void *context, struct bytes piece, struct error *err)
{
    return error_set(err, ERROR_RETRY, "archive.away", "no room");
}

static void
an_error_of_the_sink_is_the_error(void **state)
{
    static const char *const rows[] = {"a\n", "1\n"};
    struct arena *arena = arena_create(4096);
    struct flow_measure measure;
    struct bytes packed = pack(rows, 2, arena, &measure);
    struct unpacking *unpacking = unpacking_create(refuse, NULL);
    struct packing *packing = packing_create(refuse, NULL);
    struct error err = {0};

    check_error("out",
                unpacking_add(unpacking, packed, &err) &&
                    unpacking_finish(unpacking, &measure, &err),
                &err, "archive.away");
    check_error("in",
                packing_add(packing, as_bytes("a\n"), &err) &&
                    packing_finish(packing, &measure, &err),
                &err, "archive.away");
    unpacking_destroy(unpacking);
    packing_destroy(packing);
    arena_destroy(arena);
}

static const struct {
    const char *name;
    int64_t cut, more;
} damages[] = {
    {"cut off", 1,       0},
    {"longer",  0,       1},
    {"nothing", 1 << 20, 0},
};

static void
what_is_no_whole_file_is_malformed(void **state)
{
    static const char *const rows[] = {"a\n", "1\n", "2\n"};

    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct arena *arena = arena_create(4096);
        struct flow_measure measure;
        struct bytes packed = pack(rows, 3, arena, &measure);
        struct unpacking *unpacking = unpacking_create(NULL, NULL);
        struct error err = {0};
        size_t cut = (size_t)damages[i].cut < packed.size ? (size_t)damages[i].cut : packed.size;
        struct text damaged;

        text_init(&damaged, arena, 1024);
        text_add(&damaged, packed.data, packed.size - cut);
        for (int64_t n = 0; n < damages[i].more; n++)
            text_add_char(&damaged, 'x');
        check_error(damages[i].name,
                    unpacking_add(unpacking, text_finish(&damaged), &err) &&
                        unpacking_finish(unpacking, &measure, &err),
                    &err, "gzip.malformed");
        unpacking_destroy(unpacking);
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_went_in_comes_out_and_both_sides_measure_the_same),
        cmocka_unit_test(measuring_alone_sees_the_same_csv),
        cmocka_unit_test(an_error_of_the_sink_is_the_error),
        cmocka_unit_test(what_is_no_whole_file_is_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
