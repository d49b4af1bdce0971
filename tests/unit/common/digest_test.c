#include "common/digest.h"
#include "tests/unit/check.h"

static void
hashes_are_those_of_the_standard(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        {"nothing",          "",    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"FIPS 180-2's abc", "abc",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"                           },
    };
    char hex[DIGEST_SHA256_HEX + 1];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        digest_sha256_hex(rows[i].text, strlen(rows[i].text), DIGEST_SHA256_HEX, hex);
        check_string(rows[i].name, hex, rows[i].want);
    }
    digest_sha256_hex("abc", 3, 5, hex);
    check_string("its beginning", hex, "ba781");
}

static void
stretches_hash_as_the_whole(void **state)
{
    struct digest *digest = digest_create();
    char hex[DIGEST_SHA256_HEX + 1];

    for (int32_t time = 0; time < 2; time++) { /* it begins anew */
        digest_add(digest, "a", 1);
        digest_add(digest, "", 0);
        digest_add(digest, "bc", 2);
        digest_finish(digest, hex);
        check_string("abc", hex,
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    digest_destroy(digest);
    digest_destroy(NULL);
}

static void
macs_are_those_of_the_standard(void **state)
{
    /* RFC 4231, test case 2. */
    static const unsigned char want[DIGEST_MAC_BYTES] = {
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
        0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
        0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
    };
    static const char text[] = "what do ya want for nothing?";
    unsigned char mac[DIGEST_MAC_BYTES];

    digest_hmac_sha256("Jefe", 4, text, sizeof text - 1, mac);
    assert_memory_equal(mac, want, sizeof want);
}

static void
secrets_are_compared_whole(void **state)
{
    check_true("the same", digest_equal("abcd", "abcd", 4));
    check_true("the last byte differs", !digest_equal("abcd", "abce", 4));
    check_true("the first byte differs", !digest_equal("abcd", "bbcd", 4));
    check_true("nothing is nothing", digest_equal("a", "b", 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_standard),
        cmocka_unit_test(stretches_hash_as_the_whole),
        cmocka_unit_test(macs_are_those_of_the_standard),
        cmocka_unit_test(secrets_are_compared_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
