#include "unit/check.h"
#include "unit/ingest/sources/recordings.h"

/*
 * A body that was cut off never gives a row. (A CSV file has no end that could be missing: its
 * folder waits until the file is left alone.)
 *
 * Each byte of the smaller recordings, and of the larger ones as many at both ends as WORK bytes of
 * reading allow and some between; with TIDEMARK_TRUNCATION=every each byte of all.
 */
enum { WORK = 2 * 1024 * 1024, ENDS_MIN = 24, BETWEEN = 24 };

static bool
is_tried(size_t size, size_t whole)
{
    const char *option = getenv("TIDEMARK_TRUNCATION");
    size_t ends = WORK / (whole + 1) < ENDS_MIN ? ENDS_MIN : WORK / (whole + 1);

    return size < 2 * ends || whole - size <= ends || size % (whole / BETWEEN + 1) == 0 ||
           (option && strcmp(option, "every") == 0);
}

static void
cut(const struct recording *recording, void *context)
{
    struct bytes body = recording->body;
    struct arena *scratch = context;

    if (strcmp(recording->feed.source, "csv") == 0)
        return;
    while (body.size > 0 && body.data[body.size - 1] == '\n')
        body.size--;
    for (size_t size = 0; size < body.size; size++) {
        /* Without a NUL behind it, so that the sanitizer sees who reads on. */
        char *begun;
        struct fed fed;

        if (!is_tried(size, body.size))
            continue;
        begun = malloc(size ? size : 1);
        memcpy(begun, body.data, size);
        fed = feed_body(&recording->feed, (struct bytes){begun, size}, scratch);
        if (fed.parsed || fed.err.kind == ERROR_NONE)
            fail_msg("%s: %zu of %zu bytes were taken", recording->name, size, body.size);
        arena_reset(scratch);
        free(begun);
    }
}

static void
a_cut_body_gives_no_row(void **state)
{
    struct arena *arena = arena_create(1 << 16), *scratch = arena_create(1 << 20);

    check_true("there are recordings", recordings_visit(arena, cut, scratch) > 40);
    arena_destroy(scratch);
    arena_destroy(arena);
}

static void
a_cut_file_gives_no_row_that_is_not_in_it(void **state)
{
    static const char whole[] = "time,open,high,low,close,volume\n"
                                "1623283200,1.25,1.5,1,1,17\n"
                                "1623369600,1.25,1.5,1,1,17\n"
                                "1623456000,1.25,1.5,1,1,17\n";
    struct arena *arena = arena_create(1 << 16);

    for (size_t size = 0; size < sizeof whole; size++) {
        char *cut = malloc(size ? size : 1);
        struct fed fed;

        memcpy(cut, whole, size);
        fed = feed_body(
            &(struct feed){
                .source = "csv", .kind = "history", .args = "{}", .target = "1 1 1 BTCUSDT.csv"},
            (struct bytes){cut, size}, arena);
        check_true("it is judged", fed.parsed);
        check_true("no more rows than there were", fed.batch.candle_count <= 3);
        free(cut);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_body_gives_no_row),
        cmocka_unit_test(a_cut_file_gives_no_row_that_is_not_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
