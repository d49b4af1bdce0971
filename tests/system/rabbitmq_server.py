"""A private RabbitMQ on free loopback ports, in a directory of its own."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pika

from ports import free_port
from scratch import make_directory
from waiting import wait_for

BIN = pathlib.Path("/usr/lib/rabbitmq/bin")
USER = PASSWORD = "guest"


class RabbitMQ:
    def __init__(self, directory=None):
        self.directory = pathlib.Path(directory or make_directory("tidemark-rabbitmq-"))
        self.port, self.dist_port, self.management_port, self.epmd_port = (
            free_port() for _ in range(4))
        self.process = None
        self.pid = None
        (self.directory / "home").mkdir(parents=True, exist_ok=True)
        (self.directory / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self.management_port}\n"
            "disk_free_limit.absolute = 50MB\n"
            "log.console = false\n")
        (self.directory / "enabled_plugins").write_text("[rabbitmq_management].\n")

    @property
    def url(self):
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}/%2f"

    @property
    def management_url(self):
        return f"http://127.0.0.1:{self.management_port}"

    def environment(self):
        directory = self.directory
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(directory / "home"),
            "RABBITMQ_NODENAME": f"tidemark{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1} -rabbit quorum_tick_interval 500 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def start(self):
        output = open(self.directory / "output", "ab")
        self.process = subprocess.Popen(
            [BIN / "rabbitmq-server"], env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True, cwd=self.directory)
        wait_for("RabbitMQ's management answers", self.answers, timeout=60)
        self.pid = int((self.directory / "pid").read_text())
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def answers(self):
        try:
            self.api("GET", "/api/overview")
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def stop(self, how=signal.SIGTERM):
        """SIGKILL for a crash. The data stays."""
        if not self.process:
            return
        try:
            os.kill(self.pid, how)
        except ProcessLookupError:
            pass
        wait_for("RabbitMQ ends", lambda: not pathlib.Path(f"/proc/{self.pid}").exists()
                 or self.process.poll() is not None, timeout=60)
        self.process.wait(timeout=30)
        self.process = None

    def empty(self):
        """Deletes the first virtual host with all that is in it, and makes it anew."""
        self.api("DELETE", "/api/vhosts/%2f")
        self.api("PUT", "/api/vhosts/%2f")
        self.api("PUT", f"/api/permissions/%2f/{USER}", {"configure": ".*", "write": ".*", "read": ".*"})

    def takes_messages(self):
        """Whether a quorum queue can be made and confirms a message."""
        try:
            connection = pika.BlockingConnection(pika.URLParameters(self.url))
            try:
                channel = connection.channel()
                channel.confirm_delivery()
                channel.queue_declare("is-well", durable=True, arguments={"x-queue-type": "quorum"})
                channel.basic_publish("", "is-well", b"", pika.BasicProperties(delivery_mode=2), mandatory=True)
                channel.queue_delete("is-well")
            finally:
                connection.close()
        except pika.exceptions.AMQPError:
            return False
        return True

    def forget(self):
        """Deletes its data, as if the disk had been lost. Only while it is stopped."""
        shutil.rmtree(self.directory / "mnesia", ignore_errors=True)

    def remove(self):
        self.stop(signal.SIGKILL)
        subprocess.run(["epmd", "-port", str(self.epmd_port), "-kill"], env=self.environment(),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def ctl(self, *arguments):
        return subprocess.run([BIN / "rabbitmqctl", *arguments], env=self.environment(),
                              capture_output=True, text=True, check=True, timeout=60).stdout

    def api(self, method, path, body=None):
        """The management API. None where it answers without a body. Where it does not listen, the error says why."""
        try:
            return self.ask(method, path, body)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            state = "runs" if self.is_running() else "does not run"
            raise ConnectionRefusedError(f"RabbitMQ {state} in {self.directory}: {self.last_words()}") from error

    def last_words(self):
        """The end of what it has said, which its directory takes along when the tests have ended."""
        files = [self.directory / "output", *(self.directory / "log").glob("*.log")]
        return "".join(f"\n{file.name}: {file.read_text(errors='replace')[-2000:]}" for file in files if file.exists())

    def ask(self, method, path, body):
        request = urllib.request.Request(
            self.management_url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, self.management_url, USER, PASSWORD)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
        with opener.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def queue(self, name):
        return self.api("GET", "/api/queues/%2f/" + urllib.parse.quote(name, safe=""))

    def ready(self, name):
        """Messages in a queue that are not handed out: at once right, unlike the statistics."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            return connection.channel().queue_declare(name, passive=True).method.message_count
        finally:
            connection.close()

    def delete_queue(self, name):
        self.api("DELETE", "/api/queues/%2f/" + urllib.parse.quote(name, safe=""))

    def close_connections(self, program, is_noticed):
        """
        Closes the connections of a program, as an operator would in the dashboard: some are listed
        there a while after they were made, and after they have gone.
        """
        def close():
            for connection in self.api("GET", "/api/connections"):
                if connection.get("user_provided_name", "") == program:
                    with contextlib.suppress(urllib.error.HTTPError):
                        self.api("DELETE", "/api/connections/" + urllib.parse.quote(connection["name"], safe=""))
            return is_noticed()
        wait_for(f"{program} notices that its connections are closed", close)

    def freeze_consumers(self, name):
        """The channels that consume a queue of the first virtual host hear nothing until thaw_channels()."""
        self.ctl("eval", f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{name}">>)),'
                         " [sys:suspend(element(1, C)) || C <- rabbit_amqqueue:consumers(Q)].")

    def thaw_channels(self):
        self.ctl("eval", "[catch sys:resume(P, 1000) || P <- rabbit_channel:list()].")

    def raise_memory_alarm(self):
        self.ctl("set_vm_memory_high_watermark", "0.0001")

    def clear_memory_alarm(self):
        self.ctl("set_vm_memory_high_watermark", "0.8")
