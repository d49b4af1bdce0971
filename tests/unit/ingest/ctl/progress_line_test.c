#include "ingest/ctl/progress_line.h"

#include "unit/check.h"

#include <stdio.h>
#include <unistd.h>

/* What is written to stderr between these two. */
struct capture {
    FILE *file;
    int kept;
};

static struct capture
capture_begin(void)
{
    struct capture capture = {tmpfile(), dup(STDERR_FILENO)};

    assert_non_null(capture.file);
    assert_true(capture.kept >= 0 && dup2(fileno(capture.file), STDERR_FILENO) >= 0);
    return capture;
}

static void
capture_end(struct capture *capture, char *ret_text, size_t size)
{
    size_t got;

    fflush(stderr);
    dup2(capture->kept, STDERR_FILENO);
    close(capture->kept);
    rewind(capture->file);
    got = fread(ret_text, 1, size - 1, capture->file);
    ret_text[got] = '\0';
    fclose(capture->file);
}

static void
test_what_follows_stands_on_a_line_of_its_own(void **state)
{
    static const struct {
        const char *name;
        bool terminal;
        const char *shown, *want;
    } rows[] = {
        {"on a terminal the line is left",    true,  "half", "\rhalf\x1b[K\n"},
        {"unless there is none yet",          true,  NULL,   ""              },
        {"elsewhere it has been left before", false, "half", "half\n"        },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct progress_line line = {.terminal = rows[i].terminal};
        struct capture capture = capture_begin();
        char text[256];

        if (rows[i].shown)
            progress_line_show(&line, rows[i].shown);
        progress_line_break(&line);
        capture_end(&capture, text, sizeof text);
        check_string(rows[i].name, text, rows[i].want);
    }
}

static void
test_the_bar_is_as_full_as_the_share(void **state)
{
    static const struct {
        double share;
        const char *want;
    } rows[] = {
        {0,    "[........]"},
        {0.5,  "[####....]"},
        {0.99, "[########]"},
        {1,    "[########]"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char bar[16] = "";

        progress_line_bar(rows[i].share, 8, bar, sizeof bar);
        check_string("a bar", bar, rows[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_follows_stands_on_a_line_of_its_own),
        cmocka_unit_test(test_the_bar_is_as_full_as_the_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
