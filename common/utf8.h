#ifndef TIDEMARK_COMMON_UTF8_H
#define TIDEMARK_COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Length of the UTF-8 character at `at`: 1..4, or 0 if the bytes are not one (cut off by `end`,
 * overlong, a surrogate, above U+10FFFF). RFC 3629 section 4. `at` must be before `end`.
 */
size_t utf8_length(const unsigned char *at, const unsigned char *end);

/*
 * How many of the eight bytes at `at`, from the first on, stand for themselves inside a JSON
 * string: not a control character, quote or backslash, and ASCII. Eight bytes in a few
 * instructions is what makes long strings cheap; the trick is "determine if a word has a byte
 * less than n" of Bit Twiddling Hacks.
 */
static inline size_t
utf8_plain_run8(const unsigned char *at)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t word, quotes, slashes, special;

    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    quotes = word ^ ones * '"';
    slashes = word ^ ones * '\\';
    /* Borrows only reach bytes above the first hit, so the lowest set bit is right. */
    special = ((word - ones * 0x20) & ~word) | ((quotes - ones) & ~quotes) |
              ((slashes - ones) & ~slashes) | word;
    special &= highs;
    return special ? (size_t)__builtin_ctzll(special) / 8 : 8;
}

#endif
