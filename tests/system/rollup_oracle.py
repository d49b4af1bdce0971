"""What our own candles must be, worked out from ticks and providers' candles one by one, in whole milliseconds and fractions.

It knows no SQL and nothing of the product: only what the README promises.
"""
from fractions import Fraction

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
FIVE = 5 * MINUTE_MS
# (length, length of what it is made of, how long after its end it is taken for complete)
LEVELS = [(FIVE, None, 2 * MINUTE_MS), (HOUR_MS, FIVE, 3 * MINUTE_MS), (DAY_MS, HOUR_MS, 4 * MINUTE_MS)]
VALUES = ("open", "high", "low", "close", "volume", "quote_volume", "volume_24h", "market_cap", "trades")


def number(text):
    return None if text is None else Fraction(text)


def total(values):
    """A sum with an unknown in it is unknown."""
    return None if None in values else sum(values, Fraction(0))


def of_ticks(ticks):
    """ticks: [(at_ms, price, volume_24h, market_cap)]; at each moment one."""
    ticks = sorted(ticks)
    prices = [Fraction(tick[1]) for tick in ticks]
    return {"open": prices[0], "high": max(prices), "low": min(prices), "close": prices[-1], "volume": None,
            "quote_volume": None, "volume_24h": number(ticks[-1][2]), "market_cap": number(ticks[-1][3]), "trades": None,
            "inputs": len(ticks), "origin": 2}


def of_candles(candles):
    """candles: [(open_ms, candle)]"""
    candles = [candle for _, candle in sorted(candles, key=lambda each: each[0])]
    return {"open": candles[0]["open"], "high": max(candle["high"] for candle in candles),
            "low": min(candle["low"] for candle in candles), "close": candles[-1]["close"],
            **{name: total([candle[name] for candle in candles]) for name in ("volume", "quote_volume", "trades")},
            "volume_24h": candles[-1]["volume_24h"], "market_cap": candles[-1]["market_cap"], "inputs": len(candles),
            "origin": 3}


def gather(rows, length):
    """[(moment, ...)] by the bucket that the moment is in."""
    buckets = {}
    for row in rows:
        buckets.setdefault(row[0] // length * length, []).append(row)
    return buckets


def roll(ticks, own, now_ms):
    """The candles of one market: {(length, open_ms): candle}.

    ticks: {at_ms: (price, volume_24h, market_cap)}; own: {(length, open_ms): candle}, the provider's.
    """
    made = {key: {**candle, "final": True} for key, candle in own.items()}
    for length, shorter, grace in LEVELS:
        if shorter is None:
            buckets = {open_ms: of_ticks(rows) for open_ms, rows in
                       gather([(at, *tick) for at, tick in ticks.items()], length).items()
                       if open_ms + length + grace <= now_ms}
        else:
            rows = [(open_ms, candle) for (of, open_ms), candle in made.items() if of == shorter and candle["final"]]
            buckets = {open_ms: of_candles(rows) for open_ms, rows in gather(rows, length).items()}
        for open_ms, candle in buckets.items():
            made.setdefault((length, open_ms), {**candle, "final": open_ms + length + grace <= now_ms})
    return made
