"""A test's own virtual host on a RabbitMQ that others use too."""
import json
import urllib.parse

import pika

from waiting import wait_for


def offer(channel, job):
    """Publishes a job; false while its queue is being made: no leader yet, or not yet bound."""
    properties = pika.BasicProperties(delivery_mode=2, message_id=job["job_id"], content_type="application/json")
    try:
        channel.basic_publish("tidemark.jobs", job["source"], json.dumps(job).encode(), properties, mandatory=True)
    except (pika.exceptions.NackError, pika.exceptions.UnroutableError):
        return False
    return True


class VirtualHost:
    def __init__(self, rabbitmq, name):
        self.rabbitmq, self.name = rabbitmq, name
        self.path = urllib.parse.quote(name, safe="")

    def create(self):
        self.rabbitmq.api("PUT", f"/api/vhosts/{self.path}")
        self.rabbitmq.api("PUT", f"/api/permissions/{self.path}/guest",
                          {"configure": ".*", "write": ".*", "read": ".*"})
        return self

    def remove(self):
        self.rabbitmq.api("DELETE", f"/api/vhosts/{self.path}")

    def url_through(self, port):
        """The address by way of another port: a proxy's."""
        return f"amqp://guest:guest@127.0.0.1:{port}/{self.path}"

    @property
    def url(self):
        return self.url_through(self.rabbitmq.port)

    def connect(self):
        return pika.BlockingConnection(pika.URLParameters(self.url))

    def queues(self):
        """{name: messages}, those that are handed out but not settled included: live totals."""
        rows = self.rabbitmq.api(
            "GET", f"/api/queues/{self.path}?disable_stats=true&enable_queue_totals=true")
        return {row["name"]: row.get("messages", 0) for row in rows}

    def wait_queue(self, name, timeout=30):
        return wait_for(lambda: f"queue {name} among {sorted(self.queues())}",
                        lambda: name in self.queues(), timeout)

    def consumers(self, *names):
        """How many there are of each of these queues."""
        connection = self.connect()
        try:
            channel = connection.channel()
            return [channel.queue_declare(name, passive=True).method.consumer_count for name in names]
        finally:
            connection.close()

    def publish(self, *jobs):
        """Publishes jobs as the scheduler does, each confirmed."""
        connection = self.connect()
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            for job in jobs:
                wait_for("the broker takes a job", lambda: offer(channel, job))
        finally:
            connection.close()

    def peek(self, queue, limit=1000):
        """[(headers, message)] of what waits in a queue; everything stays there."""
        connection = self.connect()
        found = []
        try:
            channel = connection.channel()
            while len(found) < limit:
                frame, properties, body = channel.basic_get(queue)
                if frame is None:
                    break
                found.append((properties.headers or {}, json.loads(body)))
        finally:
            connection.close()  # unsettled messages go back
        return found
