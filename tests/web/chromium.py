"""
A headless Chromium, driven through its debugging pipe (the DevTools protocol, one JSON message after the
other, each ended by a NUL), so that no driver has to be installed.

    with Chromium(tmp_path) as browser:
        browser.open(api.url + "/docs")
        browser.wait_for("document.querySelector('h1') !== null")
        assert browser.complaints == []
"""
import collections
import json
import os
import select
import shutil
import signal
import subprocess
import time

OPTIONS = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check",
           "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
           "--disable-extensions", "--disable-gpu", "--disable-sync", "--mute-audio", "--no-proxy-server",
           "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # nothing but this machine is there


class Chromium:
    def __init__(self, directory):
        self.directory = directory
        self.count, self.buffer = 0, b""
        self.events = collections.deque()
        self.complaints = []  # errors of the console, exceptions, what was blocked
        self.requests = []  # urls

    def __enter__(self):
        program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        assert program, "no Chromium is installed: scripts/install test"
        (from_us, self.to_browser), (self.from_browser, to_us) = os.pipe(), os.pipe()
        command = [program, *OPTIONS, f"--user-data-dir={self.directory}/profile"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        command.append("about:blank")
        # The browser reads its commands from descriptor 3 and answers through 4.
        script = f'exec "$@" 3<&{from_us} 4>&{to_us}'
        self.process = subprocess.Popen(["bash", "-c", script, "chromium", *command], pass_fds=(from_us, to_us),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(from_us)
        os.close(to_us)
        [page] = [one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.tell_page(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)

    # The pipe.

    def ask(self, method, session=None, **params):
        """The result of a command; events that come meanwhile are noted."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 30
        while True:
            answer = self.receive(deadline)
            assert answer is not None, f"{method}: no answer"
            if answer.get("id") == self.count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.note(answer)

    def tell_page(self, method, **params):
        return self.ask(method, self.session, **params)

    def receive(self, deadline):
        """The next message, or None if the deadline comes first."""
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.from_browser], [], [], left)[0]:
                return None
            piece = os.read(self.from_browser, 1 << 20)
            assert piece, "the browser has ended"
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def note(self, event):
        params = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
            self.complaints.append(params["entry"].get("text", "") + " " + params["entry"].get("url", ""))
        elif event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"]))
        elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("warning", "error", "assert"):
            self.complaints.append(json.dumps(params["args"]))

    # The page.

    def open(self, url):
        self.tell_page("Page.navigate", url=url)

    def run(self, expression):
        """The value of JavaScript in the page."""
        done = self.tell_page("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, f"{expression}: {done['exceptionDetails']}"
        return done["result"].get("value")

    def wait_for(self, expression, timeout_s=30):
        """The text it gives once it is true, or just that it is; the page looks at each of its changes."""
        value = self.run(f"""new Promise((resolve) => {{
            const look = () => {{ const value = ({expression});
                if (value) {{ watch.disconnect(); resolve(typeof value === 'string' ? value : true); }}
                return value; }};
            const watch = new MutationObserver(look);
            watch.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
            if (!look()) setTimeout(() => {{ watch.disconnect(); resolve(null); }}, {timeout_s * 1000});
        }})""")
        assert value, f"never true: {expression}\n{self.run('document.body.innerText')[:2000]}\n{self.complaints}"
        return value

    def click(self, selector):
        assert self.run(f"(e => e && (e.click(), true))(document.querySelector({json.dumps(selector)}))"), selector

    def asked_elsewhere(self, base):
        """What was loaded that is not of this server, nor inside of its pages."""
        return [url for url in self.requests if not url.startswith((base + "/", f"blob:{base}/", "data:"))]

    def screenshot(self, path):
        """For a person to look at."""
        import base64
        path.write_bytes(base64.b64decode(self.tell_page("Page.captureScreenshot")["data"]))
