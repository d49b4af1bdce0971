#include "ingest/ctl/schedules_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <yaml.h>

struct reader {
    const char *path;
    yaml_document_t *document;
    struct arena *arena;
    struct error *err;
};

/* Where a key goes. Exactly one of the two is used. */
struct field {
    const char *key;
    size_t offset;
    bool is_list;
};

#define VALUE(type, member)                                                                        \
    {                                                                                              \
#member, offsetof(type, member), false                                                     \
    }
#define LIST(type, member)                                                                         \
    {                                                                                              \
#member, offsetof(type, member), true                                                      \
    }

static const struct field asset_fields[] = {
    VALUE(struct file_asset, symbol),
    VALUE(struct file_asset, name),
};

static const struct field schedule_fields[] = {
    VALUE(struct file_schedule, source),   VALUE(struct file_schedule, kind),
    VALUE(struct file_schedule, every),    VALUE(struct file_schedule, at),
    VALUE(struct file_schedule, cron),     VALUE(struct file_schedule, offset),
    VALUE(struct file_schedule, missed),   VALUE(struct file_schedule, not_after),
    VALUE(struct file_schedule, enabled),  LIST(struct file_schedule, symbols),
    LIST(struct file_schedule, each),      VALUE(struct file_schedule, currency),
    VALUE(struct file_schedule, pages),    VALUE(struct file_schedule, per_page),
    VALUE(struct file_schedule, interval), VALUE(struct file_schedule, lookback),
    VALUE(struct file_schedule, series),   VALUE(struct file_schedule, report),
};

static bool fail_at(const struct reader *reader, const yaml_node_t *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

static int
line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

static bool
fail_at(const struct reader *reader, const yaml_node_t *node, const char *format, ...)
{
    char message[200];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return error_set(reader->err, ERROR_REJECT, "schedules.syntax", "%s:%d: %s", reader->path,
                     line_of(node), message);
}

static const yaml_node_t *
node_at(const struct reader *reader, int index)
{
    return yaml_document_get_node(reader->document, index);
}

static bool
read_value(const struct reader *reader, const yaml_node_t *node, const char *what,
           struct file_value *ret_value)
{
    if (node->type != YAML_SCALAR_NODE)
        return fail_at(reader, node, "%s must be a single value", what);
    if (memchr(node->data.scalar.value, '\0', node->data.scalar.length))
        return fail_at(reader, node, "%s has a NUL in it", what);
    ret_value->text = arena_copy(reader->arena, node->data.scalar.value, node->data.scalar.length);
    ret_value->line = line_of(node);
    return true;
}

static bool
read_list(const struct reader *reader, const yaml_node_t *node, const char *what,
          struct file_list *ret_list)
{
    const yaml_node_item_t *item;
    struct file_value *values;
    size_t count = 0;

    if (node->type != YAML_SEQUENCE_NODE)
        return fail_at(reader, node, "%s must be a list: [one, two]", what);
    count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (count == 0 || count > SCHEDULES_FILE_ROWS_MAX)
        return fail_at(reader, node, "%s must have 1 to %d entries", what, SCHEDULES_FILE_ROWS_MAX);
    values = arena_alloc_array(reader->arena, count, sizeof *values);
    item = node->data.sequence.items.start;
    for (size_t i = 0; i < count; i++)
        if (!read_value(reader, node_at(reader, item[i]), what, &values[i]))
            return false;
    *ret_list = (struct file_list){values, count, line_of(node)};
    return true;
}

/* The keys and values of a mapping; a key may stand there once. */
struct entries {
    struct file_value *keys;
    const yaml_node_t **values;
    size_t count;
};

static int
compare_keys(const void *a, const void *b)
{
    return strcmp((*(const struct file_value *const *)a)->text,
                  (*(const struct file_value *const *)b)->text);
}

static bool
refuse_twins(const struct reader *reader, const yaml_node_t *node, const struct entries *entries,
             const char *what)
{
    const struct file_value **sorted =
        arena_alloc_array(reader->arena, entries->count + 1, sizeof *sorted);

    for (size_t i = 0; i < entries->count; i++)
        sorted[i] = &entries->keys[i];
    qsort(sorted, entries->count, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < entries->count; i++)
        if (compare_keys(&sorted[i - 1], &sorted[i]) == 0)
            return error_set(
                reader->err, ERROR_REJECT, "schedules.syntax",
                "%s:%d: %s \"%s\" is there twice (also in line %d)", reader->path,
                sorted[i]->line > sorted[i - 1]->line ? sorted[i]->line : sorted[i - 1]->line, what,
                sorted[i]->text,
                sorted[i]->line > sorted[i - 1]->line ? sorted[i - 1]->line : sorted[i]->line);
    return true;
}

static bool
read_entries(const struct reader *reader, const yaml_node_t *node, const char *what,
             struct entries *ret_entries)
{
    const yaml_node_pair_t *pairs;
    size_t count;

    if (node->type != YAML_MAPPING_NODE)
        return fail_at(reader, node, "%s must be a mapping: one \"key: value\" a line", what);
    pairs = node->data.mapping.pairs.start;
    count = (size_t)(node->data.mapping.pairs.top - pairs);
    if (count > SCHEDULES_FILE_ROWS_MAX)
        return fail_at(reader, node, "%s has over %d entries", what, SCHEDULES_FILE_ROWS_MAX);
    ret_entries->keys = arena_alloc_array(reader->arena, count + 1, sizeof *ret_entries->keys);
    ret_entries->values = arena_alloc_array(reader->arena, count + 1, sizeof *ret_entries->values);
    ret_entries->count = count;
    for (size_t i = 0; i < count; i++) {
        if (!read_value(reader, node_at(reader, pairs[i].key), what, &ret_entries->keys[i]))
            return false;
        ret_entries->values[i] = node_at(reader, pairs[i].value);
    }
    return refuse_twins(reader, node, ret_entries, what);
}

static bool
refuse_key(const struct reader *reader, const yaml_node_t *node, const char *key,
           const struct field *fields, size_t field_count)
{
    char allowed[160] = "";

    for (size_t i = 0; i < field_count; i++)
        snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), "%s%s", i ? ", " : "",
                 fields[i].key);
    return fail_at(reader, node, "unknown key \"%.30s\"; allowed are %s", key, allowed);
}

/* Fills a struct from a mapping, by the table of its fields. */
static bool
read_fields(const struct reader *reader, const yaml_node_t *node, const char *what,
            const struct field *fields, size_t field_count, void *ret_struct)
{
    struct entries entries;

    if (!read_entries(reader, node, what, &entries))
        return false;
    for (size_t i = 0; i < entries.count; i++) {
        const struct field *field = fields;
        char *place;

        while (field < fields + field_count && strcmp(field->key, entries.keys[i].text) != 0)
            field++;
        if (field == fields + field_count)
            return refuse_key(reader, entries.values[i], entries.keys[i].text, fields, field_count);
        place = (char *)ret_struct + field->offset;
        if (!(field->is_list
                  ? read_list(reader, entries.values[i], field->key, (struct file_list *)place)
                  : read_value(reader, entries.values[i], field->key, (struct file_value *)place)))
            return false;
    }
    return true;
}

static bool
read_assets(const struct reader *reader, const yaml_node_t *node, struct schedules_file *file)
{
    struct file_asset *assets;
    struct entries entries;

    if (!read_entries(reader, node, "assets", &entries))
        return false;
    assets = arena_alloc_array(reader->arena, entries.count + 1, sizeof *assets);
    for (size_t i = 0; i < entries.count; i++) {
        assets[i].slug = entries.keys[i];
        if (!read_fields(reader, entries.values[i], "an asset", asset_fields,
                         COUNT_OF(asset_fields), &assets[i]))
            return false;
    }
    file->assets = assets;
    file->asset_count = entries.count;
    return true;
}

/* Adds the instruments of one source behind those that are there. */
static bool
read_source_instruments(const struct reader *reader, const struct file_value *source,
                        const yaml_node_t *node, struct schedules_file *file)
{
    struct file_instrument *instruments = (struct file_instrument *)file->instruments;
    size_t old_bytes = file->instrument_count * sizeof *instruments;
    struct entries entries;

    if (!read_entries(reader, node, "the instruments of a source", &entries))
        return false;
    instruments = arena_grow(reader->arena, instruments, old_bytes,
                             old_bytes + (entries.count + 1) * sizeof *instruments);
    file->instruments = instruments;
    for (size_t i = 0; i < entries.count; i++) {
        struct file_instrument instrument = {.source = *source, .symbol = entries.keys[i]};

        if (!read_value(reader, entries.values[i], "an instrument", &instrument.asset_and_quote))
            return false;
        instruments[file->instrument_count++] = instrument;
    }
    return true;
}

static bool
read_instruments(const struct reader *reader, const yaml_node_t *node, struct schedules_file *file)
{
    struct entries entries;

    if (!read_entries(reader, node, "instruments", &entries))
        return false;
    for (size_t i = 0; i < entries.count; i++)
        if (!read_source_instruments(reader, &entries.keys[i], entries.values[i], file))
            return false;
    return true;
}

static bool
read_schedules(const struct reader *reader, const yaml_node_t *node, struct schedules_file *file)
{
    struct file_schedule *schedules;
    struct entries entries;

    if (!read_entries(reader, node, "schedules", &entries))
        return false;
    schedules = arena_alloc_array(reader->arena, entries.count + 1, sizeof *schedules);
    for (size_t i = 0; i < entries.count; i++) {
        schedules[i].name = entries.keys[i];
        if (!read_fields(reader, entries.values[i], "a schedule", schedule_fields,
                         COUNT_OF(schedule_fields), &schedules[i]))
            return false;
    }
    file->schedules = schedules;
    file->schedule_count = entries.count;
    return true;
}

static bool
read_document(const struct reader *reader, struct schedules_file *file)
{
    const yaml_node_t *root = yaml_document_get_root_node(reader->document);
    struct entries entries;

    if (!root)
        return error_set(reader->err, ERROR_REJECT, "schedules.syntax", "%s:1: the file is empty",
                         reader->path);
    if (!read_entries(reader, root, "the file", &entries))
        return false;
    for (size_t i = 0; i < entries.count; i++) {
        const char *key = entries.keys[i].text;
        bool read;

        if (strcmp(key, "assets") == 0)
            read = read_assets(reader, entries.values[i], file);
        else if (strcmp(key, "instruments") == 0)
            read = read_instruments(reader, entries.values[i], file);
        else if (strcmp(key, "schedules") == 0)
            read = read_schedules(reader, entries.values[i], file);
        else
            read =
                fail_at(reader, entries.values[i],
                        "unknown key \"%.30s\"; allowed are assets, instruments, schedules", key);
        if (!read)
            return false;
    }
    return true;
}

static bool
refuse_syntax(const char *path, const yaml_parser_t *parser, struct error *err)
{
    return error_set(err, ERROR_REJECT, "schedules.syntax", "%s:%zu: not YAML: %s", path,
                     parser->problem_mark.line + 1,
                     parser->problem ? parser->problem : "unreadable");
}

/* What stands behind "---" would not be read, and so removed. */
static bool
refuse_more(const char *path, yaml_parser_t *parser, struct error *err)
{
    yaml_document_t document;
    const yaml_node_t *root;
    size_t line;

    if (!yaml_parser_load(parser, &document))
        return refuse_syntax(path, parser, err);
    root = yaml_document_get_root_node(&document);
    line = document.start_mark.line + 1;
    yaml_document_delete(&document);
    return !root || error_set(err, ERROR_REJECT, "schedules.syntax",
                              "%s:%zu: a second document begins here: a file has one", path, line);
}

static bool
parse(const char *path, FILE *stream, struct arena *arena, struct schedules_file *file,
      struct error *err)
{
    yaml_document_t document;
    yaml_parser_t parser;
    bool read;

    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_file(&parser, stream);
    if (yaml_parser_load(&parser, &document)) {
        struct reader reader = {path, &document, arena, err};

        read = read_document(&reader, file) && refuse_more(path, &parser, err);
        yaml_document_delete(&document);
    } else {
        read = refuse_syntax(path, &parser, err);
    }
    yaml_parser_delete(&parser);
    return read;
}

bool
schedules_file_read(const char *path, struct arena *arena, struct schedules_file *ret_file,
                    struct error *err)
{
    struct schedules_file file = {.path = arena_string(arena, path)};
    FILE *stream = fopen(path, "re");
    struct stat status;
    bool read;

    if (!stream)
        return error_set(err, ERROR_REJECT, "schedules.file", "%s: %s", path, strerror(errno));
    if (fstat(fileno(stream), &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size > SCHEDULES_FILE_BYTES_MAX)
        read = error_set(err, ERROR_REJECT, "schedules.file", "%s: not a file of at most %d bytes",
                         path, SCHEDULES_FILE_BYTES_MAX);
    else
        read = parse(path, stream, arena, &file, err);
    fclose(stream);
    if (read)
        *ret_file = file;
    return read;
}

bool
schedules_refuse(const char *path, int line, struct error *err, const char *format, ...)
{
    char message[220];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return error_set(err, ERROR_REJECT, "schedules.invalid", "%s:%d: %s", path, line, message);
}
