"""
A chart with the stock UDF adapter behind it, as far as a server can tell: plain GETs without headers, the body read
whatever the status says, and the same mistakes where an answer is not what it ought to be.
"""
import json
import math
import urllib.parse

import requests


class Rejected(Exception):
    """The adapter tells the chart that it did not work."""


class NotEnoughBars(Exception):
    """What the adapter throws when a new bar begins and it was given that one alone."""


class Chart:
    """`base` as a page gives it: with or without a slash at its end."""

    def __init__(self, base):
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.clear()
        self.last_bar_time = None
        self.updates = []  # what a subscriber was told, bar by bar

    def ask(self, path, **params):
        """The body as JSON; nobody looks at the status."""
        query = urllib.parse.urlencode({name: value for name, value in params.items() if value is not None},
                                       quote_via=urllib.parse.quote)
        return json.loads(self.session.get(f"{self.base}/{path}" + (f"?{query}" if query else ""), timeout=30).text)

    def configure(self):
        configuration = self.ask("config")
        if not configuration.get("supports_search") and not configuration.get("supports_group_request"):
            raise Rejected("falls back to groups of stock exchanges")
        return configuration

    def server_time(self):
        return int(self.ask("time"))

    def search(self, text, exchange="", kind=""):
        found = self.ask("search", limit=30, query=text.upper(), type=kind, exchange=exchange)
        return found if isinstance(found, list) else []

    def resolve(self, name, currency=None):
        symbol = self.ask("symbols", symbol=name, currencyCode=currency)
        if "s" in symbol:
            raise Rejected("unknown_symbol")
        assert not [key for key in ("name", "ticker", "session", "timezone", "minmov", "pricescale") if key not in symbol]
        return symbol

    def bars(self, symbol, resolution, since, until, count=None):
        """The bars, and whether there are none further back."""
        answer = self.ask("history", symbol=symbol["ticker"], resolution=resolution, **{"from": since}, to=until,
                          countback=count, currencyCode=symbol.get("currency_code"))
        if answer.get("s") not in ("ok", "no_data"):
            raise Rejected(answer.get("errmsg"))
        if answer["s"] == "no_data":
            return [], True
        names = [name for name in "ohlcv" if name in answer]
        bars = [{"t": at, **{name: float(answer[name][row]) for name in names}} for row, at in enumerate(answer["t"])]
        self.hold(bars)
        return bars, False

    @staticmethod
    def hold(bars):
        """What the library holds a datafeed to; it draws nonsense or stops otherwise."""
        times = [bar["t"] for bar in bars]
        assert times and times == sorted(set(times))
        for bar in bars:
            assert all(math.isfinite(value) for value in bar.values())
            assert bar["l"] <= min(bar["o"], bar["c"]) and bar["h"] >= max(bar["o"], bar["c"])

    def pulse(self, symbol, resolution, now):
        """One turn of the poll for the newest bar."""
        bars, _ = self.bars(symbol, resolution, now - 10 * 60 * int(resolution), now, count=2)
        if not bars or (self.last_bar_time is not None and bars[-1]["t"] < self.last_bar_time):
            return
        if self.last_bar_time is not None and bars[-1]["t"] > self.last_bar_time:
            if len(bars) < 2:
                raise NotEnoughBars
            self.updates.append(bars[-2])
        self.last_bar_time = bars[-1]["t"]
        self.updates.append(bars[-1])

    def table(self, path, symbol, since, until, resolution):
        """Marks: a list, or a table whose columns become one."""
        marks = self.ask(path, symbol=symbol["ticker"], **{"from": since}, to=until, resolution=resolution)
        if isinstance(marks, list):
            return marks
        return [{name: column[row] for name, column in marks.items()} for row in range(len(marks["id"]))]

    def quotes(self, *names):
        answer = self.ask("quotes", symbols=",".join(names))
        if answer.get("s") != "ok":
            raise Rejected(answer.get("errmsg"))
        return answer["d"]
