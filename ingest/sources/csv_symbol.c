#include "ingest/sources/csv_symbol.h"

#include "common/attributes.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { SYMBOL_MAX = 40 };

const char *
csv_symbol_from_cell(struct bytes cell, struct arena *arena)
{
    char symbol[SYMBOL_MAX];
    size_t used = 0;

    for (size_t i = 0; i < cell.size; i++) {
        unsigned char c = (unsigned char)cell.data[i];

        if (c == '/' || c == '-' || c == '_' || c == ' ')
            continue;
        if (!isalnum(c) || used == sizeof symbol)
            return NULL;
        symbol[used++] = (char)toupper(c);
    }
    return used ? arena_copy(arena, symbol, used) : NULL;
}

static bool
ends_with_currency(const char *symbol)
{
    static const char *const currencies[] = {"USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "GBP",
                                             "JPY",  "DAI",  "BTC",  "XBT",  "ETH", "BNB"};
    size_t size = strlen(symbol);

    for (size_t i = 0; i < COUNT_OF(currencies); i++) {
        size_t length = strlen(currencies[i]);

        if (size > length && strcmp(symbol + size - length, currencies[i]) == 0)
            return true;
    }
    return false;
}

const char *
csv_symbol_from_name(const char *file_name, struct arena *arena)
{
    for (const char *at = file_name; *at;) {
        size_t length = strcspn(at, "_. ");
        const char *symbol = csv_symbol_from_cell((struct bytes){at, length}, arena);

        if (symbol && ends_with_currency(symbol))
            return symbol;
        at += length;
        at += strspn(at, "_. ");
    }
    return NULL;
}
