#include "common/gzip.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(a_file_is_packed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
