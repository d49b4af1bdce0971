"""Schedules and slots as tests write and read them."""

import json

from waiting import wait_for


def add_schedule(tidemark, name, *, source="coingecko", kind="quote", stream=None, args=None,
                 period=300, cron=None, offset=0, missed="coalesce", not_after=None):
    tidemark.query(
        "INSERT INTO schedules (name, source_id, kind, stream, args, period_s, cron, offset_s,"
        " missed, not_after_s) SELECT %s, source_id, %s, %s, %s, %s, %s, %s, %s, %s FROM sources"
        " WHERE name = %s",
        name, kind, stream or f"{kind}/{name}", json.dumps(args or {}), None if cron else period,
        cron, offset, missed, not_after, source)


def add_slot(tidemark, name, slot, state="published", *, source="coingecko", stream=None):
    """A slot of the past, as a former leader left it."""
    stream = stream or f"quote/{name}"
    tidemark.query(
        "INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message, state,"
        " published_at) SELECT %s, %s, source_id, %s, to_timestamp(%s), %s, %s, now()"
        " FROM sources WHERE name = %s",
        f"{source}/{stream}/{slot}", name, stream, slot, '{"v":1}', state, source)


def declare_queues(tidemark):
    """A broker that has its queues: on a new one everything unfinished counts as lost."""
    scheduler = tidemark.start_scheduler()
    wait_for("the mark stands", lambda: "jobs.intact" in tidemark.vhost.queues())
    assert scheduler.stop() == 0


def slots(tidemark, state=None):
    return tidemark.query(
        "SELECT job_id, state, extract(epoch FROM slot)::bigint, publishes FROM slots"
        " WHERE %s::text IS NULL OR state = %s ORDER BY slot", state, state)


def wait_published(tidemark, count, timeout=30):
    return wait_for(lambda: f"{count} published slots: {slots(tidemark)}",
                    lambda: (lambda rows: rows if len(rows) >= count else None)(
                        slots(tidemark, "published")), timeout)


def messages(tidemark, source="coingecko"):
    return [message for _, message in tidemark.vhost.peek(f"jobs.{source}")]
