#include "common/gzip.h"

#include "common/text.h"
#include "unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What gzip(1) makes of the file. */
static struct bytes
unpack(const char *path, struct arena *arena)
{
    char command[200], *plain = arena_alloc(arena, 1 << 20);
    FILE *pipe;
    size_t size;

    snprintf(command, sizeof command, "gzip -dc < %s", path);
    pipe = popen(command, "r");
    size = fread(plain, 1, 1 << 20, pipe);
    check_int("gzip is content", pclose(pipe), 0);
    return (struct bytes){plain, size};
}

static struct bytes
sample(struct arena *arena, size_t size)
{
    char *data = arena_alloc(arena, size + 1);

    for (size_t i = 0; i < size; i++)
        data[i] = (char)('a' + i * i % 23);
    return (struct bytes){data, size};
}

static void
what_is_packed_comes_back(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 500000};

    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (int32_t level = 1; level <= 9; level += 4) {
            struct arena *arena = arena_create(4096);
            struct bytes plain = sample(arena, sizes[i]), packed, back;
            char path[] = "/tmp/gzip_test.XXXXXX";
            int fd = mkstemp(path);

            packed = gzip_compress(arena, plain, level);
            check_int("written", write(fd, packed.data, packed.size), (int64_t)packed.size);
            close(fd);
            back = unpack(path, arena);
            check_int("as many bytes", (int64_t)back.size, (int64_t)plain.size);
            check_int("the same bytes", memcmp(back.data, plain.data, plain.size), 0);
            unlink(path);
            arena_destroy(arena);
        }
}

static void
a_file_is_packed(void **state)
{
    struct arena *arena = arena_create(4096);
    struct bytes plain = sample(arena, 100000), back;
    char path[] = "/tmp/gzip_test.XXXXXX", packed_path[64];
    int fd = mkstemp(path);
    struct error err = {0};

    snprintf(packed_path, sizeof packed_path, "%s.gz", path);
    check_int("written", write(fd, plain.data, plain.size), (int64_t)plain.size);
    lseek(fd, 0, SEEK_SET);
    check_error("packs", gzip_file(fd, packed_path, 1, &err), &err, NULL);
    back = unpack(packed_path, arena);
    check_int("the same bytes", memcmp(back.data, plain.data, plain.size), 0);
    check_error("nowhere to write", gzip_file(fd, "/nonexistent/x.gz", 1, &err), &err, "gzip.file");
    close(fd);
    unlink(path);
    unlink(packed_path);
    arena_destroy(arena);
}

/* What came out of a packer or an unpacker. */
struct taken {
    struct arena *arena;
    struct text text;
    size_t room; /* 0 = no limit */
};

static bool
take(void *context, struct bytes piece, struct error *err)
{
    struct taken *taken = context;

    if (taken->room > 0 && taken->text.size + piece.size > taken->room)
        return error_set(err, ERROR_RETRY, "test.full", "no more room");
    text_add(&taken->text, piece.data, piece.size);
    return true;
}

static struct taken
taken_init(struct arena *arena)
{
    struct taken taken = {.arena = arena};

    text_init(&taken.text, arena, 1024);
    return taken;
}

/* `plain` packed, `stretch` bytes at a time. */
static struct bytes
pack_by(struct bytes plain, size_t stretch, struct arena *arena)
{
    struct taken taken = taken_init(arena);
    struct gzip_packer *packer = gzip_packer_create(6, take, &taken);
    struct error err;
    bool packed = true;

    for (size_t at = 0; at < plain.size && packed; at += stretch) {
        size_t left = plain.size - at;

        packed = gzip_packer_add(
            packer, (struct bytes){plain.data + at, left < stretch ? left : stretch}, &err);
    }
    check_error("packs", packed && gzip_packer_finish(packer, &err), &err, NULL);
    gzip_packer_destroy(packer);
    return text_finish(&taken.text);
}

static bool
unpack_by(struct bytes packed, size_t stretch, struct taken *taken, struct error *err)
{
    struct gzip_unpacker *unpacker = gzip_unpacker_create(take, taken);
    bool unpacked = true;

    for (size_t at = 0; at < packed.size && unpacked; at += stretch) {
        size_t left = packed.size - at;

        unpacked = gzip_unpacker_add(
            unpacker, (struct bytes){packed.data + at, left < stretch ? left : stretch}, err);
    }
    unpacked = unpacked && gzip_unpacker_finish(unpacker, err);
    gzip_unpacker_destroy(unpacker);
    return unpacked;
}

static void
pieces_of_any_size_make_the_same_file(void **state)
{
    static const size_t sizes[] = {0, 1, 65536, 700000}, stretches[] = {1000, 65536, 1000000};

    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t j = 0; j < COUNT_OF(stretches); j++) {
            struct arena *arena = arena_create(4096);
            struct bytes plain = sample(arena, sizes[i]);
            struct bytes packed = pack_by(plain, stretches[j], arena);
            struct bytes at_once = pack_by(plain, plain.size + 1, arena);
            struct taken taken = taken_init(arena);
            struct error err = {0};

            check_int("as large", (int64_t)packed.size, (int64_t)at_once.size);
            check_int("the same", memcmp(packed.data, at_once.data, packed.size), 0);
            check_error("unpacks", unpack_by(packed, stretches[j], &taken, &err), &err, NULL);
            check_int("as many bytes", (int64_t)taken.text.size, (int64_t)plain.size);
            check_int("the same bytes", memcmp(taken.text.data, plain.data, plain.size), 0);
            arena_destroy(arena);
        }
}

static void
what_is_no_whole_member_is_refused(void **state)
{
    struct arena *arena = arena_create(4096);
    struct bytes packed = pack_by(sample(arena, 5000), 5000, arena);
    struct text spoilt, longer;
    struct error err = {0};

    text_init(&spoilt, arena, packed.size);
    text_add(&spoilt, packed.data, packed.size);
    spoilt.data[packed.size - 6] ^= 1; /* of the checksum */
    text_init(&longer, arena, packed.size);
    text_add(&longer, packed.data, packed.size);
    text_add_char(&longer, 'x');
    const struct {
        const char *name;
        struct bytes packed;
    } rows[] = {
        {"nothing",      {"", 0}                       },
        {"no gzip",      {"a,b\n1,2\n", 8}             },
        {"cut off",      {packed.data, packed.size - 1}},
        {"another byte", {spoilt.data, spoilt.size}    },
        {"longer",       {longer.data, longer.size}    },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t stretch = 1; stretch < 10000; stretch *= 100) {
            struct taken taken = taken_init(arena);

            check_error(rows[i].name, unpack_by(rows[i].packed, stretch, &taken, &err), &err,
                        "gzip.malformed");
        }
    arena_destroy(arena);
}

static void
an_error_of_the_taker_comes_back(void **state)
{
    struct arena *arena = arena_create(4096);
    struct bytes packed = pack_by(sample(arena, 700000), 700000, arena);
    struct taken taken = taken_init(arena);
    struct error err = {0};

    taken.room = 100000;
    check_error("full", unpack_by(packed, packed.size, &taken, &err), &err, "test.full");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(a_file_is_packed),
        cmocka_unit_test(pieces_of_any_size_make_the_same_file),
        cmocka_unit_test(what_is_no_whole_member_is_refused),
        cmocka_unit_test(an_error_of_the_taker_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
