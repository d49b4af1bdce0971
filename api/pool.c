#include "api/pool.h"

#include "common/clock.h"
#include "common/log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    TURNS = POOL_GOES_ON + 1,
    STEP_WEIGHT = 8, /* of so many steps of a line the newest counts for one */
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 5000,
    CANCEL_MS = 100, /* the server gives a slow query up so much earlier than we do, so that its
                        connection stays */
};

struct question {
    struct question *next; /* in line, or asked together with this one */
    const struct query *query;
    const struct database_value *values;
    size_t value_count;
    struct arena *arena;
    pool_done *done;
    void *context;
    enum pool_turn turn;
    int64_t deadline_ms; /* for standing in line */
    bool is_together;    /* see pool_query_together() */
};

struct line {
    struct question *first, *last;
    int32_t count;
    /* From one that gets its turn to the next, of late; 0 = not known since somebody waits. */
    int64_t step_us;
    int64_t stepped_us; /* when the last one got it, or the first one came; monotonic */
};

struct connection {
    struct pool *pool;
    struct database_async *db; /* NULL = waiting to connect again */
    struct event *io;          /* what `db` wants of its socket */
    struct event *timer;       /* connecting or answering takes too long, or: connect again */
    int fd;
    unsigned wants;
    bool ready, tried;
    struct question *question; /* under way; more than one if they went together */
    int64_t backoff_ms;
};

struct pool {
    struct event_base *base;
    struct pool_settings settings;
    char *url;
    struct connection *connections;
    struct line lines[TURNS];
    struct event *line_timer;
    struct event *turn_end; /* of the loop: who came in this turn of it goes now */
    struct arena *scratch;  /* what is needed for the time of a call */
    uint64_t random;
    bool destroyed;
    struct pool_counts counts;
};

const struct pool_settings pool_settings_default = {
    .connections = 4,
    .waiters = 64,
    .wait_ms = 250,
    .query_ms = 1500,
    .connect_ms = 5000,
};

static void connection_start(struct connection *connection);
static void connection_step(struct connection *connection);

static void
set_timer(struct event *timer, int64_t wait_ms)
{
    struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};

    event_add(timer, &wait);
}

/* --------------------------------------------------------------------------------- questions */

/* Tells all who went together. */
static void
finish(struct pool *pool, struct question *question, const struct rows *rows,
       const struct error *err)
{
    while (question) {
        struct question *next = question->next;

        pool->counts.errors += rows == NULL;
        question->done(question->context, rows, err);
        free(question);
        question = next;
    }
}

static void
fail(struct pool *pool, struct question *question, const char *code, const char *why)
{
    struct error err;

    error_set(&err, ERROR_RETRY, code, "%s", why);
    finish(pool, question, NULL, &err);
}

static struct question *
take_first(struct pool *pool, struct line *line)
{
    struct question *question = line->first;

    line->first = question->next;
    if (!line->first)
        line->last = NULL;
    line->count--;
    pool->counts.waiting--;
    question->next = NULL;
    return question;
}

/* So many got their turn. */
static void
note_step(struct line *line, int32_t count)
{
    int64_t now_us = clock_monotonic_us(), step_us = (now_us - line->stepped_us) / count;

    line->step_us += line->step_us ? (step_us - line->step_us) / STEP_WEIGHT : step_us;
    line->stepped_us = now_us;
}

static size_t
value_bytes(const struct question *question)
{
    size_t bytes = 0;

    for (size_t i = 0; i < question->value_count; i++)
        bytes += question->values[i].text ? strlen(question->values[i].text) : 0;
    return bytes;
}

/* Takes those out of the line that may go with `first`, and returns how many go now. */
static int32_t
take_companions(struct pool *pool, struct line *line, struct question *first)
{
    struct question *last = first, **place = &line->first;
    size_t bytes = value_bytes(first);
    int32_t count = 1;

    line->last = NULL;
    while (*place) {
        struct question *question = *place;
        bool goes = count < POOL_TOGETHER_MAX && question->query == first->query &&
                    bytes + value_bytes(question) <= POOL_TOGETHER_BYTES;

        if (goes) {
            *place = question->next;
            question->next = NULL;
            last = last->next = question;
            bytes += value_bytes(question);
            count++;
        } else {
            line->last = question;
            place = &question->next;
        }
    }
    line->count -= count - 1;
    pool->counts.waiting -= count - 1;
    return count;
}

/* Whose turn it is, with those who may go together; NULL = nobody waits. */
static struct question *
take_next(struct pool *pool)
{
    for (int turn = TURNS - 1; turn >= 0; turn--) {
        struct line *line = &pool->lines[turn];
        struct question *first;

        if (!line->first)
            continue;
        first = take_first(pool, line);
        note_step(line, first->is_together ? take_companions(pool, line, first) : 1);
        return first;
    }
    return NULL;
}

static void
on_line_timer(evutil_socket_t fd, short events, void *context)
{
    struct pool *pool = context;
    int64_t now_ms = clock_monotonic_ms(), next_ms = INT64_MAX;

    for (int turn = 0; turn < TURNS; turn++) {
        struct line *line = &pool->lines[turn];

        while (line->first && line->first->deadline_ms <= now_ms) {
            pool->counts.refused++;
            fail(pool, take_first(pool, line), "pool.waited", "every database connection is busy");
        }
        if (line->first && line->first->deadline_ms < next_ms)
            next_ms = line->first->deadline_ms;
    }
    if (next_ms < INT64_MAX)
        set_timer(pool->line_timer, next_ms > now_ms ? next_ms - now_ms : 0);
}

static void
refuse_line(struct pool *pool)
{
    struct question *question;

    while ((question = take_next(pool))) {
        pool->counts.refused++;
        fail(pool, question, "database.away", "no database connection");
    }
}

/* ---------------------------------------------------------------------------- asked together */

/* Of each value an array of those of all questions. */
static const struct database_value *
join_values(const struct question *questions, struct arena *arena)
{
    struct database_value *values =
        arena_alloc_array(arena, questions->value_count, sizeof *values);

    for (size_t i = 0; i < questions->value_count; i++) {
        struct text array;

        array_start(&array, arena, 256);
        for (const struct question *each = questions; each; each = each->next)
            array_add(&array, each->values[i].text);
        values[i] = SQL_TEXT(array_finish(&array));
    }
    return values;
}

/* An answer to several questions lives until the last of their arenas goes. */
struct shared_answer {
    struct arena *arena; /* it lies in it */
    size_t references;
};

static void
release_answer(void *context)
{
    struct shared_answer *answer = context;

    if (--answer->references == 0)
        arena_destroy(answer->arena);
}

static struct shared_answer *
shared_answer_create(void)
{
    struct arena *arena = arena_create(256);
    struct shared_answer *answer = arena_alloc(arena, sizeof *answer);

    *answer = (struct shared_answer){arena, 1};
    return answer;
}

/* Gives each question the rows that are its own. */
static void
finish_together(struct pool *pool, struct question *question, const struct rows *rows,
                struct shared_answer *answer)
{
    size_t columns = rows->column_count - 1, row = 0;

    for (int64_t number = 1; question; number++) {
        struct question *next = question->next;
        size_t first = row;
        struct rows own;

        while (row < rows->count && rows_int(rows, row, columns, 0) == number)
            row++;
        own = rows_part(rows, first, row - first, columns);
        answer->references++;
        arena_defer(question->arena, release_answer, answer);
        question->next = NULL;
        finish(pool, question, &own, NULL);
        question = next;
    }
}

/* ------------------------------------------------------------------------------- connections */

static int64_t
full_jitter(struct pool *pool, int64_t most)
{
    pool->random = pool->random * 6364136223846793005u + 1442695040888963407u;
    return 1 + (int64_t)((pool->random >> 33) % (uint64_t)most);
}

/* Throws the connection away; whoever waits for its answer is told. */
static void
connection_lose(struct connection *connection, const struct error *err)
{
    struct pool *pool = connection->pool;
    struct question *question = connection->question;

    if (connection->ready) {
        pool->counts.ready--;
        log_event(LOG_WARN, "database.lost", LOG_ERROR(err));
    } else if (!connection->tried) {
        log_event(LOG_WARN, "database.unreachable", LOG_ERROR(err));
    }
    event_del(connection->io);
    database_async_destroy(connection->db);
    connection->db = NULL;
    connection->ready = false;
    connection->tried = true;
    connection->question = NULL;
    connection->wants = 0;
    connection->backoff_ms = connection->backoff_ms ? connection->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (connection->backoff_ms > BACKOFF_MAX_MS)
        connection->backoff_ms = BACKOFF_MAX_MS;
    set_timer(connection->timer, full_jitter(pool, connection->backoff_ms));
    if (question) {
        pool->counts.busy--;
        finish(pool, question, NULL, err);
    }
    if (pool->counts.ready == 0)
        refuse_line(pool);
}

static void
on_io(evutil_socket_t fd, short events, void *context)
{
    connection_step(context);
}

static void
connection_watch(struct connection *connection)
{
    int fd = database_async_fd(connection->db);
    unsigned wants = database_async_wants(connection->db);
    short events = EV_PERSIST;

    if (fd == connection->fd && wants == connection->wants)
        return;
    if (wants & DATABASE_WANTS_READ)
        events |= EV_READ;
    if (wants & DATABASE_WANTS_WRITE)
        events |= EV_WRITE;
    event_del(connection->io);
    event_assign(connection->io, connection->pool->base, fd, events, on_io, connection);
    event_add(connection->io, NULL);
    connection->fd = fd;
    connection->wants = wants;
}

static void
connection_ask(struct connection *connection, struct question *question)
{
    struct pool *pool = connection->pool;
    const struct database_value *values = question->values;
    struct error err;
    bool sent;

    connection->question = question;
    pool->counts.busy++;
    pool->counts.queries++;
    if (question->is_together)
        values = join_values(question, pool->scratch);
    sent =
        database_async_send(connection->db, question->query, values, question->value_count, &err);
    arena_reset(pool->scratch);
    if (sent)
        set_timer(connection->timer, pool->settings.query_ms);
    else
        connection_lose(connection, &err);
}

static bool
ends_connection(const struct error *err)
{
    return err->kind == ERROR_RETRY &&
           (strcmp(err->code, "database.away") == 0 || strcmp(err->code, "database.plan") == 0 ||
            strcmp(err->code, "database.read_only") == 0);
}

static void
connection_take_answer(struct connection *connection)
{
    struct pool *pool = connection->pool;
    struct question *question = connection->question;
    struct rows rows;
    struct error err;

    struct shared_answer *answer = question->is_together ? shared_answer_create() : NULL;

    connection->question = NULL;
    pool->counts.busy--;
    event_del(connection->timer);
    if (!database_async_receive(connection->db, answer ? answer->arena : question->arena, &rows,
                                &err)) {
        if (ends_connection(&err))
            connection_lose(connection, &err);
        finish(pool, question, NULL, &err);
    } else if (answer) {
        finish_together(pool, question, &rows, answer);
    } else {
        finish(pool, question, &rows, NULL);
    }
    if (answer)
        release_answer(answer);
}

static void
connection_ready(struct connection *connection)
{
    connection->ready = connection->tried = true;
    connection->backoff_ms = 0;
    connection->pool->counts.ready++;
    connection->pool->counts.connects++;
    event_del(connection->timer);
}

static void
connection_step(struct connection *connection)
{
    struct pool *pool = connection->pool;
    enum database_async_state state;
    struct error err;

    for (;;) {
        state = database_async_step(connection->db, &err);
        if (state == DATABASE_ASYNC_FAILED) {
            connection_lose(connection, &err);
            return;
        }
        if (state == DATABASE_ASYNC_READY) {
            if (!connection->ready)
                connection_ready(connection);
            if (connection->question && database_async_answered(connection->db))
                connection_take_answer(connection);
            if (!connection->db)
                return;
            if (!connection->question && pool->counts.waiting > 0) {
                connection_ask(connection, take_next(pool));
                if (connection->db)
                    continue;
                return;
            }
        }
        connection_watch(connection);
        return;
    }
}

/*
 * A server that does not even cancel a slow query is not there: nobody else shall wait as long to
 * find that out.
 */
static void
lose_idle(struct pool *pool, const struct error *err)
{
    for (int32_t i = 0; i < pool->settings.connections; i++) {
        struct connection *connection = &pool->connections[i];

        if (connection->ready && !connection->question)
            connection_lose(connection, err);
    }
}

static void
on_connection_timer(evutil_socket_t fd, short events, void *context)
{
    struct connection *connection = context;
    struct error err;

    if (!connection->db) {
        connection_start(connection);
        return;
    }
    connection->pool->counts.timeouts++;
    error_set(&err, ERROR_RETRY, "database.timeout", "no answer from the database in time");
    if (connection->ready)
        lose_idle(connection->pool, &err);
    connection_lose(connection, &err);
}

static void
connection_start(struct connection *connection)
{
    struct pool *pool = connection->pool;
    struct error err;
    struct database_settings settings = {
        .url = pool->url,
        .application_name = "tidemark-api",
        .connect_timeout_ms = pool->settings.connect_ms,
        .statement_timeout_ms = pool->settings.query_ms - CANCEL_MS,
    };

    connection->fd = -1;
    connection->db = database_async_start(&settings, &err);
    if (!connection->db) {
        connection_lose(connection, &err);
        return;
    }
    set_timer(connection->timer, pool->settings.connect_ms);
    connection_step(connection);
}

/* ---------------------------------------------------------------------------------- the line */

static struct connection *
find_free(struct pool *pool)
{
    for (int32_t i = 0; i < pool->settings.connections; i++) {
        struct connection *connection = &pool->connections[i];

        if (connection->ready && !connection->question)
            return connection;
    }
    return NULL;
}

static void
stand_in_line(struct pool *pool, struct question *question)
{
    struct line *line = &pool->lines[question->turn];

    question->deadline_ms = clock_monotonic_ms() + pool->settings.wait_ms;
    if (pool->counts.waiting == 0)
        set_timer(pool->line_timer, pool->settings.wait_ms);
    if (line->count == 0) {
        line->step_us = 0;
        line->stepped_us = clock_monotonic_us();
    }
    *(line->last ? &line->last->next : &line->first) = question;
    line->last = question;
    line->count++;
    pool->counts.waiting++;
}

/*
 * Whether its turn would come too late, as things go. A few may always wait, so that how things go
 * is found out anew.
 */
static bool
is_in_vain(const struct pool *pool, const struct line *line)
{
    return line->count >= pool->settings.connections &&
           (line->count + 1) * line->step_us > pool->settings.wait_ms * 1000;
}

static bool
has_room(const struct pool *pool, enum pool_turn turn)
{
    const struct line *line = &pool->lines[turn];

    return line->count < pool->settings.waiters &&
           (turn == POOL_GOES_ON || !is_in_vain(pool, line));
}

/* Who stands in line goes on the connections that are free. */
static void
on_turn_end(evutil_socket_t fd, short events, void *context)
{
    struct pool *pool = context;
    struct connection *connection;

    while (pool->counts.waiting > 0 && (connection = find_free(pool))) {
        connection_ask(connection, take_next(pool));
        if (connection->db)
            connection_step(connection);
    }
}

/* ---------------------------------------------------------------------------------- the pool */

struct pool *
pool_create(struct event_base *base, const struct pool_settings *settings)
{
    struct pool *pool = calloc(1, sizeof *pool);

    if (!pool ||
        !(pool->connections = calloc((size_t)settings->connections, sizeof *pool->connections)))
        abort();
    pool->base = base;
    pool->settings = *settings;
    pool->url = strdup(settings->url);
    pool->random = (uint64_t)clock_monotonic_us() ^ (uintptr_t)pool;
    pool->line_timer = evtimer_new(base, on_line_timer, pool);
    pool->turn_end = evtimer_new(base, on_turn_end, pool);
    pool->scratch = arena_create(16 * 1024);
    for (int32_t i = 0; i < settings->connections; i++) {
        struct connection *connection = &pool->connections[i];

        connection->pool = pool;
        connection->io = event_new(base, -1, 0, on_io, connection);
        connection->timer = evtimer_new(base, on_connection_timer, connection);
        connection_start(connection);
    }
    return pool;
}

void
pool_destroy(struct pool *pool)
{
    if (!pool)
        return;
    pool->destroyed = true;
    refuse_line(pool);
    for (int32_t i = 0; i < pool->settings.connections; i++) {
        struct connection *connection = &pool->connections[i];

        if (connection->question)
            fail(pool, connection->question, "database.away", "stopping");
        event_free(connection->io);
        event_free(connection->timer);
        database_async_destroy(connection->db);
    }
    event_free(pool->line_timer);
    event_free(pool->turn_end);
    arena_destroy(pool->scratch);
    free(pool->connections);
    free(pool->url);
    free(pool);
}

bool
pool_usable(const struct pool *pool)
{
    return pool->counts.ready > 0;
}

bool
pool_tried(const struct pool *pool)
{
    for (int32_t i = 0; i < pool->settings.connections; i++) {
        if (!pool->connections[i].tried)
            return false;
    }
    return true;
}

const struct pool_counts *
pool_counts(const struct pool *pool)
{
    return &pool->counts;
}

static struct question *
question_create(enum pool_turn turn, const struct query *query, const struct database_value *values,
                size_t value_count, struct arena *arena, pool_done *done, void *context)
{
    struct question *question = malloc(sizeof *question);

    if (!question)
        abort();
    *question = (struct question){.query = query,
                                  .values = values,
                                  .value_count = value_count,
                                  .arena = arena,
                                  .done = done,
                                  .context = context,
                                  .turn = turn};
    return question;
}

static bool
is_away(const struct pool *pool)
{
    return pool->destroyed || pool->counts.ready == 0;
}

static void
refuse(struct pool *pool, struct question *question)
{
    pool->counts.refused++;
    if (is_away(pool))
        fail(pool, question, "database.away", "no database connection");
    else
        fail(pool, question, "pool.full", "every database connection is busy");
}

void
pool_query(struct pool *pool, enum pool_turn turn, const struct query *query,
           const struct database_value *values, size_t value_count, struct arena *arena,
           pool_done *done, void *context)
{
    struct question *question =
        question_create(turn, query, values, value_count, arena, done, context);
    struct connection *connection = is_away(pool) ? NULL : find_free(pool);

    if (connection) {
        connection_ask(connection, question);
        if (connection->db)
            connection_step(connection);
    } else if (is_away(pool) || !has_room(pool, turn)) {
        refuse(pool, question);
    } else {
        stand_in_line(pool, question);
    }
}

void
pool_query_together(struct pool *pool, enum pool_turn turn, const struct query *query,
                    const struct database_value *texts, size_t text_count, struct arena *arena,
                    pool_done *done, void *context)
{
    struct question *question =
        question_create(turn, query, texts, text_count, arena, done, context);

    question->is_together = true;
    if (!is_away(pool) && !has_room(pool, turn))
        on_turn_end(-1, 0, pool);
    if (is_away(pool) || !has_room(pool, turn)) {
        refuse(pool, question);
        return;
    }
    stand_in_line(pool, question);
    event_active(pool->turn_end, EV_TIMEOUT, 0);
}
