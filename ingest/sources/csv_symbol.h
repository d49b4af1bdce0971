#ifndef TIDEMARK_INGEST_SOURCES_CSV_SYMBOL_H
#define TIDEMARK_INGEST_SOURCES_CSV_SYMBOL_H

#include "common/arena.h"

/*
 * The market of a row or file as csv instruments are named: upper case without separators, so that
 * "BTC/USDT", "btc-usdt" and "BTCUSDT" are one. NULL if `cell` holds no such thing.
 */
const char *csv_symbol_from_cell(struct bytes cell, struct arena *arena);

/*
 * The first part of a file name, split at '_', '.' and spaces, that ends with a currency in which
 * prices are given: "Binance_BTCUSDT_d.csv" is BTCUSDT. NULL if there is none.
 */
const char *csv_symbol_from_name(const char *file_name, struct arena *arena);

#endif
