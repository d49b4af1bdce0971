#include "common/clock.h"
#include "ingest/folder.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that is thrown away. "Now" lies ahead, so that files count as settled at once. */
struct fixture {
    char path[64];
    struct arena *arena;
    int64_t now_ms;
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    snprintf(fixture->path, sizeof(fixture->path), "/tmp/tidemark-folder-XXXXXX");
    assert_non_null(mkdtemp(fixture->path));
    fixture->arena = arena_create(4096);
    fixture->now_ms = clock_now_ms() + 10000;
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", fixture->path);
    assert_int_equal(system(command), 0);
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

static void
write_file(const struct fixture *fixture, const char *name, const char *text, size_t size)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", fixture->path, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

static void
put(const struct fixture *fixture, const char *name, const char *text)
{
    write_file(fixture, name, text, strlen(text));
}

/* The next piece's body; NULL when there is none. Moves `*position`. */
static const char *
next(struct fixture *fixture, const char **position)
{
    struct payload payload;
    struct error err;
    bool done = false;

    if (!folder_next(fixture->path, *position, fixture->now_ms, fixture->arena, &payload, &done,
                     &err))
        fail_msg("%s: %s", err.code, err.message);
    if (done)
        return NULL;
    *position = payload.target;
    assert_int_equal(payload.status, 200);
    assert_int_equal(strlen(payload.body.data), payload.body.size);
    return payload.body.data;
}

static void
only_files_to_take_are_taken(void **state)
{
    static const struct {
        const char *name, *file;
        bool taken;
    } rows[] = {
        {"a CSV file",                       "a.csv",    true },
        {"in capitals",                      "A.CSV",    true },
        {"a name with spaces",               "my a.csv", true },
        {"another ending",                   "a.txt",    false},
        {"an ending and no name",            ".csv",     false},
        {"a hidden file, as rsync makes it", ".a.csv",   false},
        {"a name with a line break",         "a\nb.csv", false},
        {"a name with a tab",                "a\tb.csv", false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        void *fresh;
        const char *position = NULL;

        set_up(&fresh);
        put(fresh, rows[i].file, "1,2\n");
        check_int(rows[i].name, next(fresh, &position) != NULL, rows[i].taken);
        tear_down(&fresh);
    }
}

static void
each_file_comes_once_in_the_order_of_change(void **state)
{
    struct fixture *fixture = *state;
    const char *position = NULL;

    put(fixture, "z.csv", "first\n");
    usleep(20000); /* two changes within a millisecond would come by name */
    put(fixture, "a.csv", "second\n");
    check_string("the oldest first", next(fixture, &position), "first\n");
    check_string("then the newer", next(fixture, &position), "second\n");
    check_string("then nothing", next(fixture, &position), NULL);
    usleep(20000);
    put(fixture, "z.csv", "first\nand more\n");
    check_string("a changed file comes again, whole", next(fixture, &position),
                 "first\nand more\n");
    check_string("and that was all", next(fixture, &position), NULL);
}

static void
a_file_still_being_written_waits(void **state)
{
    struct fixture *fixture = *state;
    const char *position = NULL;

    put(fixture, "a.csv", "1,2\n");
    fixture->now_ms = clock_now_ms() + 1000;
    check_string("a second is too fresh", next(fixture, &position), NULL);
    fixture->now_ms = clock_now_ms() + 2100;
    check_string("two are not", next(fixture, &position), "1,2\n");
}

static void
links_and_folders_are_left_alone(void **state)
{
    struct fixture *fixture = *state;
    const char *position = NULL;
    char path[128];

    snprintf(path, sizeof(path), "%s/link.csv", fixture->path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof(path), "%s/folder.csv", fixture->path);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/pipe.csv", fixture->path);
    assert_int_equal(mkfifo(path, 0600), 0);
    check_string("neither link nor folder nor pipe", next(fixture, &position), NULL);
}

static void
an_empty_file_is_nothing_to_read(void **state)
{
    struct fixture *fixture = *state;
    const char *position = NULL;

    put(fixture, "a.csv", "");
    check_string("no piece of it", next(fixture, &position), NULL);
}

/* 100,000 lines of 50 bytes behind a header. */
static void
a_large_file_comes_in_equal_pieces_with_its_head(void **state)
{
    static const char head[] = "unix,date,symbol,open,high,low,close,volume\n";
    enum { LINES = 100000, LINE = 64 };
    struct fixture *fixture = *state;
    char *text = malloc(sizeof(head) + (size_t)LINES * LINE + 1);
    size_t size = sizeof(head) - 1, lines = 0, pieces = 0, smallest = SIZE_MAX, largest = 0;
    const char *position = NULL, *body;

    memcpy(text, head, size);
    for (int i = 0; i < LINES; i++)
        size += (size_t)sprintf(text + size, "%d,2021-06-10,BTC/USDT,1,3,1,2,%010d\n",
                                1600000000 + i * 60, i);
    write_file(fixture, "large.csv", text, size);
    while ((body = next(fixture, &position))) {
        size_t length = strlen(body);

        check_true("each begins with the head", strncmp(body, head, sizeof(head) - 1) == 0);
        check_true("each ends with a line", body[length - 1] == '\n');
        check_true("none is too large", length <= CSV_PIECE_MAX);
        smallest = length < smallest ? length : smallest;
        largest = length > largest ? length : largest;
        for (const char *c = body + sizeof(head) - 1; *c; c++)
            lines += *c == '\n';
        pieces++;
    }
    check_int("every line came once", (int64_t)lines, LINES);
    check_true("in more than one piece", pieces > 1);
    check_true("of about one size", smallest * 10 > largest * 9);
    free(text);
}

static void
a_last_line_without_its_end_is_taken(void **state)
{
    struct fixture *fixture = *state;
    const char *position = NULL;

    put(fixture, "a.csv", "1,2\n3,4");
    check_string("all of it", next(fixture, &position), "1,2\n3,4");
    check_string("and then nothing", next(fixture, &position), NULL);
}

static void
what_cannot_be_read_is_said(void **state)
{
    struct fixture *fixture = *state;
    struct payload payload;
    struct error err;
    bool done, ok;

    ok = folder_next("/nowhere/at/all", NULL, 0, fixture->arena, &payload, &done, &err);
    check_error("no such folder", ok, &err, "folder.open");
    ok = folder_next(fixture->path, "nonsense", 0, fixture->arena, &payload, &done, &err);
    check_error("no position", ok, &err, "job.position");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_files_to_take_are_taken),
        TEST(each_file_comes_once_in_the_order_of_change),
        TEST(a_file_still_being_written_waits),
        TEST(links_and_folders_are_left_alone),
        TEST(an_empty_file_is_nothing_to_read),
        TEST(a_large_file_comes_in_equal_pieces_with_its_head),
        TEST(a_last_line_without_its_end_is_taken),
        TEST(what_cannot_be_read_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
