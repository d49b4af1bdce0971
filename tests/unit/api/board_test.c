#include "api/board.h"

#include "unit/check.h"

enum { POSTED_MS = 100000 };

static const struct {
    const char *name;
    int64_t posted_ms; /* 0 = nothing yet */
    enum part_state posted;
    int64_t now_ms;
    enum part_state want;
} rows[] = {
    {"before the first word nothing is known",  0,         PART_CONNECTING, 1,                PART_CONNECTING},
    {"however long a first round takes",        0,         PART_CONNECTING, 3600000,          PART_CONNECTING},
    {"a word is believed",                      POSTED_MS, PART_CONNECTED,  POSTED_MS,        PART_CONNECTED },
    {"for three seconds",                       POSTED_MS, PART_CONNECTED,  POSTED_MS + 3000, PART_CONNECTED },
    {"and who says nothing hangs",              POSTED_MS, PART_CONNECTED,  POSTED_MS + 3001, PART_AWAY      },
    {"away is away",                            POSTED_MS, PART_AWAY,       POSTED_MS,        PART_AWAY      },
    {"and stays so when nothing more is heard", POSTED_MS, PART_AWAY,       POSTED_MS + 9000, PART_AWAY      },
};

static void
the_database_is_what_was_heard_of_it(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct board *board = board_create();

        if (rows[i].posted_ms)
            board_post_database(board, rows[i].posted, rows[i].posted_ms);
        check_int(rows[i].name, board_database(board, rows[i].now_ms), rows[i].want);
        board_destroy(board);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_database_is_what_was_heard_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
