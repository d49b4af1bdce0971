#include "api/mailbox.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct item {
    struct item *next;
    struct letter *letter;
};

struct mailbox {
    pthread_mutex_t lock;
    struct item *first, *last;
    int fd;
    struct event *event;
    void (*read)(void *context, const struct letter *letter);
    void *context;
};

struct letter *
letter_create(enum letter_kind kind)
{
    struct arena *arena = arena_create(1024);
    struct letter *letter = arena_alloc_array(arena, 1, sizeof *letter);

    atomic_init(&letter->references, 1);
    letter->arena = arena;
    letter->kind = kind;
    return letter;
}

void
letter_release(struct letter *letter)
{
    if (letter && atomic_fetch_sub(&letter->references, 1) == 1)
        arena_destroy(letter->arena);
}

static struct item *
take_all(struct mailbox *mailbox)
{
    struct item *first;

    pthread_mutex_lock(&mailbox->lock);
    first = mailbox->first;
    mailbox->first = mailbox->last = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    return first;
}

static void
on_wake(evutil_socket_t fd, short events, void *context)
{
    struct mailbox *mailbox = context;
    struct item *item;
    uint64_t count;

    if (read(fd, &count, sizeof count) != sizeof count)
        return; /* woken for nothing */
    item = take_all(mailbox);
    while (item) {
        struct item *next = item->next;

        mailbox->read(mailbox->context, item->letter);
        letter_release(item->letter);
        free(item);
        item = next;
    }
}

struct mailbox *
mailbox_create(struct event_base *base, void (*read_letter)(void *, const struct letter *),
               void *context)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (!mailbox || (mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) {
        perror("eventfd");
        abort();
    }
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->read = read_letter;
    mailbox->context = context;
    mailbox->event = event_new(base, mailbox->fd, EV_READ | EV_PERSIST, on_wake, mailbox);
    event_add(mailbox->event, NULL);
    return mailbox;
}

void
mailbox_destroy(struct mailbox *mailbox)
{
    struct item *item;

    if (!mailbox)
        return;
    item = take_all(mailbox);
    while (item) {
        struct item *next = item->next;

        letter_release(item->letter);
        free(item);
        item = next;
    }
    event_free(mailbox->event);
    close(mailbox->fd);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

void
mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
    struct item *item = malloc(sizeof *item);
    const uint64_t one = 1;

    if (!item)
        abort();
    atomic_fetch_add(&letter->references, 1);
    *item = (struct item){NULL, letter};
    pthread_mutex_lock(&mailbox->lock);
    *(mailbox->last ? &mailbox->last->next : &mailbox->first) = item;
    mailbox->last = item;
    pthread_mutex_unlock(&mailbox->lock);
    /* Only a full counter can refuse it, and then the loop is awake already. */
    if (write(mailbox->fd, &one, sizeof one) != sizeof one)
        return;
}
