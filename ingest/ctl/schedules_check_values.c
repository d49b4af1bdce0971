#include "ingest/ctl/schedules_checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
checker_fail(const struct checker *checker, int line, const char *format, ...)
{
    char message[220];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return error_set(checker->err, ERROR_REJECT, "schedules.invalid", "%s:%d: %s",
                     checker->file->path, line, message);
}

bool
checker_is_name(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    return size > 0 && size <= CHECKER_NAME_MAX && text[size] == '\0';
}

bool
checker_length(const struct checker *checker, int line, const char *what, const char *text,
               size_t max_characters)
{
    size_t characters = 0;

    for (const char *c = text; *c; c++)
        characters += ((unsigned char)*c & 0xc0) != 0x80;
    if (characters > 0 && characters <= max_characters)
        return true;
    return checker_fail(checker, line, "%s \"%.40s\" must have 1 to %zu characters", what, text,
                        max_characters);
}

bool
checker_number(const struct checker *checker, const struct file_value *value, const char *key,
               int64_t max, int64_t otherwise, int64_t *ret_number)
{
    char *end;

    *ret_number = otherwise;
    if (!value->text)
        return true;
    *ret_number = strtoll(value->text, &end, 10);
    if (*end != '\0' || *ret_number < 1 || *ret_number > max)
        return checker_fail(checker, value->line, "%s \"%.40s\" must be a number from 1 to %lld",
                            key, value->text, (long long)max);
    return true;
}

bool
checker_choice(const struct checker *checker, const struct file_value *value, const char *key,
               const char *one, const char *other, const char *otherwise, const char **ret_choice)
{
    *ret_choice = value->text ? value->text : otherwise;
    if (strcmp(*ret_choice, one) == 0 || strcmp(*ret_choice, other) == 0)
        return true;
    return checker_fail(checker, value->line, "%s \"%.40s\" must be %s or %s", key, value->text,
                        one, other);
}

bool
checker_source(const struct checker *checker, const struct file_value *value,
               const struct source **ret_source)
{
    char allowed[160] = "";

    *ret_source = source_find(value->text);
    if (*ret_source)
        return true;
    for (size_t i = 0; sources[i]; i++)
        snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), "%s%s", i ? ", " : "",
                 sources[i]->name);
    return checker_fail(checker, value->line, "unknown source \"%.40s\"; there are %s", value->text,
                        allowed);
}
