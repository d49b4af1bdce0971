#include "ingest/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t
changed_at_ms(const struct stat *status)
{
    return (int64_t)status->st_ctim.tv_sec * 1000 + status->st_ctim.tv_nsec / 1000000;
}

/* A file's name goes into positions and rows, so it must fit into one line of text. */
static bool
is_wanted(const char *name)
{
    size_t size = strlen(name);

    if (name[0] == '.' || size <= 4 || strcasecmp(name + size - 4, ".csv") != 0)
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

static int
compare_files(const struct csv_position *a, const struct csv_position *b)
{
    if (a->changed_at_ms != b->changed_at_ms)
        return a->changed_at_ms < b->changed_at_ms ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Where to go on in this file; false if it is not a file to take, or has no bytes left. */
static bool
goes_on(int folder_fd, const char *name, const struct csv_position *from, int64_t now_ms,
        struct csv_position *ret_file)
{
    struct csv_position file = {.name = name};
    struct stat status;
    int order;

    if (!is_wanted(name) || fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
        return false;
    file.changed_at_ms = changed_at_ms(&status);
    order = compare_files(&file, from);
    if (order == 0)
        file = *from;
    if (order < 0 || file.offset >= status.st_size ||
        file.changed_at_ms > now_ms - FOLDER_SETTLED_MS)
        return false;
    *ret_file = file;
    return true;
}

/* The first file at or after `from` with bytes left; false if there is none. */
static bool
find_next(DIR *folder, const struct csv_position *from, int64_t now_ms, struct arena *arena,
          struct csv_position *ret_next)
{
    struct csv_position file, next = {.name = NULL};
    const struct dirent *entry;

    while ((entry = readdir(folder)))
        if (goes_on(dirfd(folder), entry->d_name, from, now_ms, &file) &&
            (!next.name || compare_files(&file, &next) < 0)) {
            next = file;
            next.name = arena_string(arena, file.name);
        }
    if (!next.name)
        return false;
    *ret_next = next;
    return true;
}

/* Reads `size` bytes at `offset`, fewer only at the end of the file. Returns -1 on an error. */
static ssize_t
read_at(int fd, char *data, size_t size, int64_t offset)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = pread(fd, data + got, size - got, offset + (int64_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* How many of `size` bytes are whole lines; all of them if not one line ends in there. */
static size_t
whole_lines(const char *data, size_t size)
{
    const char *last = memrchr(data, '\n', size);

    return last ? (size_t)(last - data) + 1 : size;
}

static int64_t
count_lines(struct bytes lines)
{
    int64_t count = 0;

    for (size_t i = 0; i < lines.size; i++)
        count += lines.data[i] == '\n';
    return count;
}

/* How much of the `left` bytes comes next: pieces of about equal size, none above the limit. */
static size_t
piece_size(int64_t left, size_t limit)
{
    int64_t pieces = (left + (int64_t)limit - 1) / (int64_t)limit;

    return (size_t)((left + pieces - 1) / pieces);
}

/* Reads the piece at `place` and moves `place` to the piece's end. */
static bool
read_piece(int fd, struct csv_position *place, int64_t file_bytes, struct arena *arena,
           struct bytes *ret_body, struct error *err)
{
    char *body = arena_alloc(arena, CSV_PIECE_MAX + 1);
    size_t head = 0, size;
    ssize_t got = 0;

    if (place->offset > 0) {
        got = read_at(fd, body, CSV_HEAD_MAX, 0);
        if (got >= 0)
            head = csv_head_bytes((struct bytes){body, (size_t)got});
    }
    size = piece_size(file_bytes - place->offset, CSV_PIECE_MAX - CSV_HEAD_MAX);
    if (got >= 0)
        got = read_at(fd, body + head, size, place->offset);
    if (got <= 0)
        return error_set(err, ERROR_RETRY, "folder.read", "%s: %s", place->name,
                         got < 0 ? strerror(errno) : "it has become shorter");
    size = (size_t)got;
    if (place->offset + got < file_bytes)
        size = whole_lines(body + head, size);
    place->offset += (int64_t)size;
    place->lines += count_lines((struct bytes){body + head, size});
    body[head + size] = '\0';
    *ret_body = (struct bytes){body, head + size};
    return true;
}

static bool
is_unchanged(int fd, const struct csv_position *place, struct stat *ret_status)
{
    return fstat(fd, ret_status) == 0 && S_ISREG(ret_status->st_mode) &&
           changed_at_ms(ret_status) == place->changed_at_ms;
}

static bool
take_piece(int folder_fd, struct csv_position *place, struct arena *arena, struct bytes *ret_body,
           struct error *err)
{
    int fd = openat(folder_fd, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    bool ok;

    if (fd < 0)
        return error_set(err, ERROR_RETRY, "folder.read", "%s: %s", place->name, strerror(errno));
    ok = is_unchanged(fd, place, &status);
    if (ok && !read_piece(fd, place, status.st_size, arena, ret_body, err)) {
        close(fd);
        return false;
    }
    ok = ok && is_unchanged(fd, place, &status);
    close(fd);
    return ok || error_set(err, ERROR_RETRY, "folder.changed", "%s changed meanwhile", place->name);
}

bool
folder_next(const char *path, const char *position, int64_t now_ms, struct arena *arena,
            struct payload *ret_payload, bool *ret_done, struct error *err)
{
    struct csv_position from = {.name = ""}, place;
    struct bytes body;
    DIR *folder;
    bool found, ok;

    if (position && !csv_position_parse(position, arena, &from, err))
        return false;
    folder = opendir(path);
    if (!folder)
        return error_set(err, ERROR_RETRY, "folder.open", "%s: %s", path, strerror(errno));
    found = find_next(folder, &from, now_ms, arena, &place);
    ok = !found || take_piece(dirfd(folder), &place, arena, &body, err);
    closedir(folder);
    if (!ok)
        return false;
    *ret_done = !found;
    if (found)
        *ret_payload = (struct payload){
            .body = body,
            .target = csv_position_format(&place, arena),
            .content_type = "text/csv",
            .status = 200,
            .fetched_at_ms = now_ms,
        };
    return true;
}
