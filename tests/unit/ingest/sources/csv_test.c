#include "ingest/sources/csv.h"
#include "ingest/sources/csv_stamp.h"
#include "ingest/sources/csv_symbol.h"
#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

#define BAD (-1)

static const struct {
    const char *cell;
    int64_t want_ms;
    const char *reason;
} stamps[] = {
    {"1502928000",                1502928000000,  NULL             },
    {"1502928000.0",              1502928000000,  NULL             },
    {"1502928000.25",             1502928000250,  NULL             },
    {"1623283200000",             1623283200000,  NULL             },
    {"1755616499999.0",           1755616499999,  NULL             },
    {"1735689600000000",          1735689600000,  NULL             },
    {"99999999999",               99999999999000, NULL             },
    {"100000000000",              100000000000,   NULL             },
    {"2021-06-10 00:00:00",       1623283200000,  NULL             },
    {"2017-08-17",                1502928000000,  NULL             },
    {"2025-04-03T17:05:00Z",      1743699900000,  NULL             },
    {"2025-04-03 17:05:00+00:00", 1743699900000,  NULL             },
    {"2025-04-03 19:05:00+02:00", 1743699900000,  NULL             },
    {"2018-06-22 03-PM",          1529679600000,  NULL             },
    {"2018-06-22 12-AM",          1529625600000,  NULL             },
    {"2018-06-22 12-PM",          1529668800000,  NULL             },
    {"20230315T",                 1678838400000,  NULL             },
    {"1.623E+12",                 BAD,            "time.scientific"},
    {"1.6232832e12",              BAD,            "time.scientific"},
    {"",                          BAD,            "time.malformed" },
    {"yesterday",                 BAD,            "time.malformed" },
    {"-1502928000",               BAD,            "time.malformed" },
    {"1502928000.",               BAD,            "time.malformed" },
    {"123456789012345678",        BAD,            "time.malformed" },
    {"2018-06-22 13-PM",          BAD,            "time.malformed" },
    {"2018-06-22 00-AM",          BAD,            "time.malformed" },
    {"20231315T",                 BAD,            "time.malformed" },
    {"10/06/2021",                BAD,            "time.malformed" },
};

static void
stamps_are_read(void **state)
{
    for (size_t i = 0; i < COUNT_OF(stamps); i++) {
        struct bytes cell = {stamps[i].cell, strlen(stamps[i].cell)};
        int64_t at_ms = BAD;

        check_string(stamps[i].cell, csv_read_stamp(cell, &at_ms), stamps[i].reason);
        if (!stamps[i].reason)
            check_int(stamps[i].cell, at_ms, stamps[i].want_ms);
    }
}

static const struct {
    const char *file, *symbol;
} names[] = {
    {"Binance_BTCUSDT_d.csv",           "BTCUSDT"},
    {"cdd_Coinbase_ETHUSD_1h_2018.csv", "ETHUSD" },
    {"kraken_ohlcvt_XBTUSD_1440.csv",   "XBTUSD" },
    {"btc-usdt 1h.csv",                 "BTCUSDT"},
    {"ETHBTC.csv",                      "ETHBTC" },
    {"USDT.csv",                        NULL     },
    {"prices.csv",                      NULL     },
    {"___.csv",                         NULL     },
    {"",                                NULL     },
};

static void
symbols_are_found_in_names(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(names); i++)
        check_string(names[i].file, csv_symbol_from_name(names[i].file, arena), names[i].symbol);
    arena_destroy(arena);
}

static const struct {
    const char *name, *start, *head;
} heads[] = {
    {"a header",                   "time,open,high,low,close\n1,2,3,4,5\n",                    "time,open,high,low,close\n"},
    {"none",                       "1381017600,1,1,1,1,1,1\n",                                 ""                          },
    {"a banner and a header",      "https://x.com/,\r\nunix,Open,High,Low,Close\r\n1,",
     "https://x.com/,\r\nunix,Open,High,Low,Close\r\n"                                                                     },
    {"a banner and rows",          "made by hand\n20230315T,1,1,1,1,1\n",                      "made by hand\n"            },
    {"a byte order mark",          "\xef\xbb\xbfTime;Open;High;Low;Close\n1;",
     "\xef\xbb\xbfTime;Open;High;Low;Close\n"                                                                              },
    {"a byte order mark and rows",
     "\xef\xbb\xbf"
     "20230315T,1,1,1,1,1\n",                                                                  "\xef\xbb\xbf"              },
    {"quotes",                     "\"open_time\",\"open\",\"high\",\"low\",\"close\"\n\"1\"",
     "\"open_time\",\"open\",\"high\",\"low\",\"close\"\n"                                                                 },
    {"a letter",                   "Dear Sir,\nI write to you\n",                              ""                          },
    {"nothing",                    "",                                                         ""                          },
};

static void
heads_are_told_from_rows(void **state)
{
    for (size_t i = 0; i < COUNT_OF(heads); i++)
        check_int(heads[i].name,
                  (int64_t)csv_head_bytes((struct bytes){heads[i].start, strlen(heads[i].start)}),
                  (int64_t)strlen(heads[i].head));
}

/* Feeds one whole file. */
static struct fed
feed_file(const char *name, const char *text, struct arena *arena)
{
    struct csv_position place = {1795250000000, (int64_t)strlen(text), 0, name};

    for (const char *at = text; *at; at++)
        place.lines += *at == '\n';
    return feed_text(&(struct feed){.source = "csv",
                                    .kind = "history",
                                    .args = "{}",
                                    .target = csv_position_format(&place, arena)},
                     text, arena);
}

static void
a_file_becomes_candles(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed =
        feed_file("Binance_BTCUSDT_d.csv",
                  "https://www.CryptoDataDownload.com\n"
                  "unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount\n"
                  "1623369600000,2021-06-11 00:00:00,BTC/USDT,4,5,3,4.50,6.7,30,1466.0\n"
                  "1623283200.0,2021-06-10,BTC/USDT,3,4,2,4,NULL,NaN,NULL\n",
                  arena);
    const struct candle *candles = fed.batch.candles;

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_int("two candles", (int64_t)fed.batch.candle_count, 2);
    check_string("of the column's symbol", fed.batch.candle_symbol, "BTCUSDT");
    check_int("a day each, by their step", fed.batch.candle_interval_s, 86400);
    check_int("oldest first", candles[0].open_time_ms, 1623283200000);
    check_string("missing is unknown", candles[0].volume, NULL);
    check_int("also for a count", candles[0].trades, -1);
    check_string("digits stay", candles[1].close, "4.50");
    check_string("Volume BTC is base volume", candles[1].volume, "6.7");
    check_string("Volume USDT is quote volume", candles[1].quote_volume, "30");
    check_int("a count with .0", candles[1].trades, 1466);
    check_string("the piece is done", fed.batch.position,
                 "1795250000000 229 4 Binance_BTCUSDT_d.csv");
    arena_destroy(arena);
}

#define TWO "time,open,high,low,close,volume\n1623283200,1,1,1,1,1\n1623369600,1,1,1,1,1\n"

static const struct {
    const char *name, *text;
    size_t candles;
    const char *where, *reason; /* of the first reject */
} files[] = {
    {"two days",                           TWO,                                                                        2, NULL,            NULL                 },
    {"without a last line break",          "1623283200,1,1,1,1,1\n1623369600,1,1,1,1,1",                               2, NULL,            NULL                 },
    {"with blank lines",                   "1623283200,1,1,1,1,1\n\n \n1623369600,1,1,1,1,1\n\n",                      2, NULL,            NULL                 },
    {"semicolons and quotes",              "\"1623283200\";1;1;1;1;1\n\"1623369600\";\"1\";1;1;1;1\n",                 2, NULL,
     NULL                                                                                                                                                       },
    {"a line cut short",                   TWO "1623456000,1,1\n",                                                     2, "line 4",        "row.shape"          },
    {"a missing price",                    TWO "1623456000,1,,1,1,1\n",                                                2, "line 4",        "price.missing"      },
    {"a price in words",                   TWO "1623456000,1,high,1,1,1\n",                                            2, "line 4",        "decimal.malformed"  },
    {"a comma for a point",                TWO "1623456000,\"1,5\",2,1,1,1\n",                                         2, "line 4",        "decimal.malformed"  },
    {"a price of 0",                       TWO "1623456000,0,0,0,0,0\n",                                               2, "line 4",        "price.not_positive" },
    {"a high below the low",               TWO "1623456000,1,1,2,1,1\n",                                               2, "line 4",        "candle.inconsistent"},
    {"a negative volume",                  TWO "1623456000,1,1,1,1,-1\n",                                              2, "line 4",        "size.negative"      },
    {"a stamp out of a spreadsheet",       TWO "1.62346E+09,1,1,1,1,1\n",                                              2, "line 4",        "time.scientific"    },
    {"a year of 1970",                     TWO "20210612,1,1,1,1,1\n",                                                 2, "line 4",        "time.past"          },
    {"tomorrow",                           TWO "1795305600,1,1,1,1,1\n",                                               2, "line 4",        "time.future"        },
    {"a day that is not over is left out", TWO "1795219200,1,1,1,1,1\n",                                               2, NULL,            NULL                 },
    {"a row off the grid",                 TWO "1623456001,1,1,1,1,1\n1623456000,1,1,1,1,1\n",                         3, "line 4",
     "time.off_grid"                                                                                                                                            },
    {"the same row twice",                 TWO "1623369600,1,1,1,1,1.0\n",                                             2, NULL,            NULL                 },
    {"the same day with other numbers",    TWO "1623369600,1,2,1,1,1\n",                                               2, "line 3",
     "candle.superseded"                                                                                                                                        },
    {"a Windows file",                     "time,open,high,low,close\r\n1623283200,1,1,1,1\r\n1623369600,1,1,1,1\r\n",
     2,                                                                                                                   NULL,            NULL                 },
    {"one row says nothing of its step",   "1623283200,1,1,1,1,1\n",                                                   0, "a_BTCUSDT.csv",
     "file.interval"                                                                                                                                            },
    {"a step that no candle has",          "1623283200,1,1,1,1,1\n1623283207,1,1,1,1,1\n",                             0,
     "a_BTCUSDT.csv",                                                                                                                      "file.interval"      },
    {"a letter",                           "Dear Sir,\nI write to you\n",                                              0, "a_BTCUSDT.csv", "file.dialect"       },
    {"an empty file",                      "",                                                                         0, "a_BTCUSDT.csv", "file.dialect"       },
    {"a header and nothing else",          "time,open,high,low,close\n",                                               0, NULL,            NULL                 },
};

static void
files_are_judged_by_the_line(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *name = files[i].name;
        struct fed fed = feed_file("a_BTCUSDT.csv", files[i].text, arena);

        check_error(name, fed.parsed, &fed.err, NULL);
        check_int(name, (int64_t)fed.batch.candle_count, (int64_t)files[i].candles);
        check_int(name, (int64_t)fed.batch.rejected, files[i].reason ? 1 : 0);
        check_string(name, fed.batch.rejected ? fed.batch.rejects[0].where : NULL, files[i].where);
        check_string(name, fed.batch.rejected ? fed.batch.rejects[0].reason : NULL,
                     files[i].reason);
        check_true("a bad file does not hold up the next", fed.batch.position != NULL);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void
utf_16_is_refused(void **state)
{
    struct arena *arena = arena_create(4096);
    struct bytes body = {"\xff\xfet\0i\0m\0e\0", 10};
    struct fed fed = feed_body(
        &(struct feed){
            .source = "csv", .kind = "history", .args = "{}", .target = "1 10 0 a_BTCUSDT.csv"},
        body, arena);

    check_error("it is parsed", fed.parsed, &fed.err, NULL);
    check_string("but not understood", fed.batch.rejects[0].reason, "file.encoding");
    arena_destroy(arena);
}

static void
a_file_has_one_market(void **state)
{
    struct arena *arena = arena_create(4096);
    struct fed fed = feed_file("x.csv",
                               "symbol,date,open,high,low,close\n"
                               "BTC/USDT,2021-06-10,1,1,1,1\n"
                               "ETH/USDT,2021-06-10,1,1,1,1\n"
                               "BTC-USDT,2021-06-11,1,1,1,1\n",
                               arena);

    check_int("the first one's rows", (int64_t)fed.batch.candle_count, 2);
    check_string("others are refused", fed.batch.rejects[0].reason, "symbol.mixed");
    check_string("by line", fed.batch.rejects[0].where, "line 3");
    fed = feed_file("prices.csv", TWO, arena);
    check_string("no market at all", fed.batch.rejects[0].reason, "symbol.missing");
    arena_destroy(arena);
}

/* The head stands in front of the piece, and lines are counted in the file. */
static void
a_later_piece_is_understood(void **state)
{
    struct arena *arena = arena_create(4096);
    struct feed feed = {.source = "csv",
                        .kind = "history",
                        .args = "{}",
                        .position = "1 5000 400 a_BTCUSDT.csv",
                        .target = "1 9000 403 a_BTCUSDT.csv"};
    struct fed fed = feed_text(&feed,
                               "time,open,high,low,close\n"
                               "1623283200,1,1,1,1\nbroken\n1623369600,1,1,1,1\n",
                               arena);

    check_int("its rows", (int64_t)fed.batch.candle_count, 2);
    check_string("the line in the file", fed.batch.rejects[0].where, "line 402");
    check_string("goes on behind it", fed.batch.position, "1 9000 403 a_BTCUSDT.csv");
    arena_destroy(arena);
}

/* Every head-and-rest split of a recorded file gives the same candles as the whole. */
static void
pieces_add_up_to_the_whole(void **state)
{
    struct arena *arena = arena_create(1 << 20);
    const char *name = RECORDED_FOLDER "/csv/cdd_Binance_BTCUSDT_d_2021.csv";
    struct bytes whole = feed_read_file(name, arena);
    size_t head = csv_head_bytes(whole), half = whole.size / 2, candles = 0;
    struct feed feed = {.source = "csv", .kind = "history", .args = "{}"};
    struct fed fed;
    char *piece;

    while (whole.data[half - 1] != '\n')
        half++;
    feed.target = "1 1 1 BTCUSDT.csv";
    fed = feed_body(&feed, (struct bytes){whole.data, half}, arena);
    candles += fed.batch.candle_count;
    piece = arena_alloc(arena, head + whole.size - half);
    memcpy(piece, whole.data, head);
    memcpy(piece + head, whole.data + half, whole.size - half);
    fed = feed_body(&feed, (struct bytes){piece, head + whole.size - half}, arena);
    candles += fed.batch.candle_count;
    check_int("all days", (int64_t)candles, 1395);
    arena_destroy(arena);
}

static void
positions_come_back(void **state)
{
    struct arena *arena = arena_create(4096);
    struct csv_position position = {1763712000123, 1048576, 17021, "a file, with spaces.csv"};
    struct csv_position again = {0};
    const char *text = csv_position_format(&position, arena);
    struct error err = {0};

    check_error(text, csv_position_parse(text, arena, &again, &err), &err, NULL);
    check_int("changed", again.changed_at_ms, position.changed_at_ms);
    check_int("offset", again.offset, position.offset);
    check_int("lines", again.lines, position.lines);
    check_string("name", again.name, position.name);
    check_error("a number too large",
                csv_position_parse("99999999999999999999 1 1 a", arena, &again, &err), &err,
                "job.position");
    check_error("a negative number", csv_position_parse("1 -1 1 a", arena, &again, &err), &err,
                "job.position");
    check_error("no name", csv_position_parse("1 1 1 ", arena, &again, &err), &err, "job.position");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_are_read),
        cmocka_unit_test(symbols_are_found_in_names),
        cmocka_unit_test(heads_are_told_from_rows),
        cmocka_unit_test(a_file_becomes_candles),
        cmocka_unit_test(files_are_judged_by_the_line),
        cmocka_unit_test(utf_16_is_refused),
        cmocka_unit_test(a_file_has_one_market),
        cmocka_unit_test(a_later_piece_is_understood),
        cmocka_unit_test(pieces_add_up_to_the_whole),
        cmocka_unit_test(positions_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
