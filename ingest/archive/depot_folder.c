#include "ingest/archive/depot_kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, PATH_SIZE = 4096 + DEPOT_NAME_MAX + 2 };

struct folder {
    char *path;
};

static bool
disk_error(struct error *err, const char *path)
{
    return error_set(err, ERROR_RETRY, "archive.away", "%s: %s", path, strerror(errno));
}

static bool
make(const char *path, struct error *err)
{
    return mkdir(path, 0750) == 0 || errno == EEXIST || disk_error(err, path);
}

void *
depot_folder_open(const char *path, struct error *err)
{
    struct folder *folder;

    if (!make(path, err))
        return NULL;
    folder = malloc(sizeof *folder);
    if (!folder || !(folder->path = strdup(path)))
        abort();
    return folder;
}

static void
folder_close(void *place)
{
    struct folder *folder = place;

    free(folder->path);
    free(folder);
}

/* A name is on the disk when its folder is. */
static bool
sync_folder(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (!synced)
        disk_error(err, path);
    if (fd >= 0)
        close(fd);
    return synced;
}

/* Bytes on the disk, then the name, then the folder that has the name. */
static bool
folder_put(void *place, const struct depot_file *file, const struct archive_company *company,
           struct error *err)
{
    const struct folder *folder = place;
    char path[PATH_SIZE], *slash;

    (void)company;
    snprintf(path, sizeof path, "%s/%s", folder->path, file->name);
    slash = strrchr(path, '/');
    *slash = '\0';
    if (!make(path, err) || !sync_folder(folder->path, err))
        return false;
    *slash = '/';
    if (fsync(file->fd) != 0 || rename(file->path, path) != 0)
        return disk_error(err, path);
    *slash = '\0';
    return sync_folder(path, err);
}

static bool
read_all(int fd, const char *path, depot_sink *sink, void *context, struct error *err)
{
    char piece[PIECE_BYTES];
    ssize_t size;

    while ((size = read(fd, piece, sizeof piece)) != 0) {
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return disk_error(err, path);
        if (!sink(context, (struct bytes){piece, (size_t)size}, err))
            return false;
    }
    return true;
}

static bool
folder_get(void *place, const char *name, depot_sink *sink, void *context,
           const struct archive_company *company, struct error *err)
{
    const struct folder *folder = place;
    char path[PATH_SIZE];
    bool done;
    int fd;

    (void)company; /* the sink looks after it */
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return error_set(err, ERROR_REJECT, "archive.missing", "there is no such file");
    if (fd < 0)
        return disk_error(err, path);
    done = read_all(fd, path, sink, context, err);
    close(fd);
    return done;
}

/* The files of one table. */
static bool
list_table(const char *path, const char *table, depot_each *each, void *context, struct error *err)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool done = folder || errno == ENOTDIR || disk_error(err, path);

    while (folder && done && (entry = readdir(folder))) {
        char name[DEPOT_NAME_MAX + 1];

        if (entry->d_name[0] == '.' ||
            snprintf(name, sizeof name, "%s/%s", table, entry->d_name) >= (int)sizeof name)
            continue;
        done = each(context, name, err);
    }
    if (folder)
        closedir(folder);
    return done;
}

static bool
folder_list(void *place, depot_each *each, void *context, const struct archive_company *company,
            struct error *err)
{
    const struct folder *place_folder = place;
    DIR *folder = opendir(place_folder->path);
    struct dirent *entry;
    bool done = true;

    if (!folder)
        return disk_error(err, place_folder->path);
    while (done && (entry = readdir(folder))) {
        char path[PATH_SIZE];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", place_folder->path, entry->d_name);
        done = archive_company_serve(company, 0, 0, err) &&
               list_table(path, entry->d_name, each, context, err);
    }
    closedir(folder);
    return done;
}

const struct depot_kind depot_folder = {folder_put, folder_get, folder_list, folder_close};
