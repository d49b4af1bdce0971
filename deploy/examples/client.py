#!/usr/bin/env python3
"""A client of Tidemark with nothing but Python's own library, to be read and to be taken apart.

    client.py prices bitcoin,ethereum usd,eur
    client.py history bitcoin --currency usd --granularity 1d --since 2026-11-01T00:00:00Z
    client.py history bitcoin --csv > bitcoin.csv
    client.py watch bitcoin --every 5

TIDEMARK_URL says where the server is (http://127.0.0.1:8080 if it is not set).

What a client should do, and this one does:
- Prices are decimals: they are never floats here, because a float has not all of their digits.
- null is unknown, not 0.
- An answer comes with an ETag. Sent back, it spares the body of an answer that is still the same (304).
- 429 and 503 say in Retry-After how many seconds to wait. Whoever asks sooner only gets another one.
- Every other refusal says what is wrong: it is told to the person, not tried again.
Exit codes: 0 done, 1 refused, 75 no server or no patience left.
"""
import argparse
import decimal
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class Refused(Exception):
    """The server says no, and why."""


class Away(Exception):
    """There is no server, or it wants more patience than we have."""


class Client:
    def __init__(self, url, patience_s=60):
        self.url, self.patience_s = url.rstrip("/"), patience_s
        self.known = {}  # path: (ETag, answer)

    def open(self, path, headers):
        """The response of the first attempt that is not told to come back later."""
        waited = 0
        while True:
            request = urllib.request.Request(self.url + path, headers={"User-Agent": "tidemark-example", **headers})
            try:
                return urllib.request.urlopen(request, timeout=30)
            except urllib.error.HTTPError as error:
                if error.code == 304:
                    return error
                after = error.headers.get("Retry-After", "")
                if error.code not in (429, 503) or not after.isdigit():
                    raise Refused(explain(error)) from None
                if waited + int(after) > self.patience_s:
                    raise Away(f"told to wait {after} s more: {explain(error)}") from None
                print(f"{error.code}: again in {after} s", file=sys.stderr)
                time.sleep(int(after))
                waited += int(after)
            except OSError as error:
                raise Away(f"{self.url}: {error}") from None

    def get(self, path, **query):
        """(answer, whether it is the one we had already). `query` without what is None."""
        path = with_query(path, query)
        etag, answer = self.known.get(path, (None, None))
        with self.open(path, {"If-None-Match": etag} if etag else {}) as response:
            if response.status == 304:
                return answer, True
            answer = json.load(response, parse_float=decimal.Decimal)
            if response.headers["ETag"]:
                self.known[path] = response.headers["ETag"], answer
            return answer, False

    def pages(self, path, **query):
        """Each page of a list, to its end."""
        cursor = None
        while True:
            page, _ = self.get(path, cursor=cursor, **query)
            yield page
            cursor = page["next_cursor"]
            if cursor is None:
                return


def with_query(path, query):
    given = {name: value for name, value in query.items() if value is not None}
    return path + ("?" + urllib.parse.urlencode(given) if given else "")


def explain(error):
    """Refusals are problem+json (RFC 9457)."""
    try:
        problem = json.load(error)
    except ValueError:
        return f"{error.code} {error.reason}"
    allowed = f" (takes: {json.dumps(problem['allowed'])})" if "allowed" in problem else ""
    return f"{error.code} {problem['code']}: {problem['detail']}{allowed}, request {problem['request_id']}"


def tell(price):
    return "unknown" if price is None else f"{price:f}" if isinstance(price, decimal.Decimal) else str(price)


def show_prices(client, options):
    answer, _ = client.get("/simple_price", assets=options.assets, currencies=options.currencies)
    for asset, prices in sorted(answer.items()):
        for currency in options.currencies.lower().split(","):
            state = prices.get(f"{currency}_state") or "never seen"
            print(asset, currency, tell(prices[currency]), state, "stale" if prices.get(f"{currency}_stale") else "fresh")


def show_history(client, options):
    path = f"/api/v1/prices/{urllib.parse.quote(options.asset, safe='')}"
    asked = {"currency": options.currency, "granularity": options.granularity, "start_time": options.since,
             "end_time": options.until}
    if options.csv:  # all of it at once, however long it is: it is not held in memory, here or there
        with client.open(with_query(path, {**asked, "format": "csv"}), {}) as response:
            shutil.copyfileobj(response, sys.stdout.buffer)
        return
    for page in client.pages(path, limit=options.page, **asked):
        for row in page["rows"]:
            print(row["time"], tell(row["close"]), tell(row["volume"]))


def watch(client, options):
    for turn in range(options.times):
        if turn:
            time.sleep(options.every)
        answer, known = client.get("/simple_price", assets=options.asset, currencies=options.currency)
        [prices] = answer.values()  # by the asset's id, also if it was asked for by its ticker
        print("unchanged" if known else tell(prices[options.currency.lower()]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("TIDEMARK_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--patience", type=int, default=60, help="seconds to wait in all when told to")
    commands = parser.add_subparsers(required=True, metavar="prices | history | watch")
    prices = commands.add_parser("prices")
    prices.add_argument("assets")
    prices.add_argument("currencies")
    prices.set_defaults(run=show_prices)
    history = commands.add_parser("history")
    history.add_argument("asset")
    history.add_argument("--currency", default="usd")
    history.add_argument("--granularity", default="1h")
    history.add_argument("--since")
    history.add_argument("--until")
    history.add_argument("--page", type=int, default=500, help="rows of a page")
    history.add_argument("--csv", action="store_true")
    history.set_defaults(run=show_history)
    watched = commands.add_parser("watch")
    watched.add_argument("asset")
    watched.add_argument("--currency", default="usd")
    watched.add_argument("--every", type=float, default=5)
    watched.add_argument("--times", type=int, default=10**9)
    watched.set_defaults(run=watch)
    options = parser.parse_args()
    try:
        options.run(Client(options.url, options.patience), options)
    except Refused as error:
        sys.exit(f"refused: {error}")
    except Away as error:
        print(f"away: {error}", file=sys.stderr)
        sys.exit(75)
    except BrokenPipeError:  # whoever reads has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
