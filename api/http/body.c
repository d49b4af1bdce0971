#include "api/http/body.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static struct http_body *
body_alloc(size_t extra)
{
    struct http_body *body = malloc(sizeof *body + extra);

    if (!body) {
        fputs("out of memory\n", stderr);
        abort();
    }
    *body = (struct http_body){.references = 1, .file = -1};
    return body;
}

struct http_body *
http_body_create(size_t size, char **ret_data)
{
    struct http_body *body = body_alloc(size);

    body->data = *ret_data = (char *)(body + 1);
    body->size = size;
    return body;
}

struct http_body *
http_body_copy(const void *data, size_t size)
{
    char *copy;
    struct http_body *body = http_body_create(size, &copy);

    if (size)
        memcpy(copy, data, size);
    return body;
}

struct http_body *
http_body_wrap(const void *data, size_t size, void (*release)(void *context), void *context)
{
    struct http_body *body = body_alloc(0);

    body->data = data;
    body->size = size;
    body->release = release;
    body->context = context;
    return body;
}

static bool
write_all(int file, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, data, size);

        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

/* The lowest number that is free tells how many are taken: half of them are for clients. */
static bool
are_files_scarce(int file)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) < 0 || (rlim_t)file >= files.rlim_cur / 2;
}

static void
close_file(void *context)
{
    struct http_body *body = context;

    munmap((void *)(uintptr_t)body->data, body->size);
    close(body->file);
}

struct http_body *
http_body_into_file(struct http_body *body)
{
    struct http_body *moved;
    void *data = MAP_FAILED;
    int file;

    if (body->file >= 0 || body->size < HTTP_BODY_FILE_MIN)
        return body;
    file = memfd_create("tidemark-body", MFD_CLOEXEC);
    if (file < 0)
        return body;
    if (!are_files_scarce(file) && write_all(file, body->data, body->size))
        data = mmap(NULL, body->size, PROT_READ, MAP_SHARED, file, 0);
    if (data == MAP_FAILED) {
        close(file);
        return body;
    }
    moved = http_body_wrap(data, body->size, close_file, NULL);
    moved->context = moved;
    moved->file = file;
    http_body_release(body);
    return moved;
}

struct http_body *
http_body_hold(struct http_body *body)
{
    body->references++;
    return body;
}

void
http_body_release(struct http_body *body)
{
    if (!body || --body->references)
        return;
    if (body->release)
        body->release(body->context);
    free(body);
}
