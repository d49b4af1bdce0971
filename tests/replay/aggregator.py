"""What the providers that list coins have in common: numbers as doubles print them, and ranks."""
from functools import lru_cache

from .answer import compact
from .digits import float_like, rescale
from .market import DAY_MS, QUOTE_MS, VOLUME_PLACES


class Raw(str):
    """JSON text that goes out as it is."""


def dump(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{dump(key)}:{dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return compact(value).decode()


def number(units, places):
    return Raw(float_like(units, places))


def percent(value, base, places):
    return number(rescale((value - base) * 10**(places + 4) // base, places + 2, places), places)


def positive(text, default):
    return int(text) if text and text.isdigit() and int(text) > 0 else default


class Aggregator:
    """A provider whose market is called by its own id of a coin and a currency."""

    def __init__(self, market, ids):
        """`ids`: {its id: coin id}."""
        self.market, self.ids = market, ids
        self.ranked = lru_cache(maxsize=8)(self._ranked)

    def instrument(self, own_id, quote):
        return self.market.instrument(self.name, f"{own_id}/{quote}")

    def worth(self, instrument, units, amount, keep):
        """`amount` coins (10**-8) at a price, as a number with `keep` places."""
        places = instrument.places + VOLUME_PLACES
        return number(rescale(units * amount, places, keep), keep)

    def _ranked(self, minute):
        """[(rank, own id)], largest market cap first, as it was at the beginning of the minute."""
        caps = []
        for own_id, coin in self.ids.items():
            instrument = self.instrument(own_id, "usd")
            units = self.market.price(instrument, minute * QUOTE_MS)
            caps.append((-units * self.market.supply(coin) // 10**instrument.places, own_id))
        return [(rank, own_id) for rank, (_, own_id) in enumerate(sorted(caps), 1)]

    def numbers(self, own_id, quote, now_ms):
        """What is told of a coin in a currency: {name: number or time}."""
        market, coin = self.market, self.ids[own_id]
        seen_ms = market.last_look(coin, now_ms)
        instrument = self.instrument(own_id, quote)
        units = market.price(instrument, seen_ms)
        return {"price": number(units, instrument.places),
                "volume_24h": self.worth(instrument, units, market.turnover(coin, seen_ms), 6),
                "market_cap": self.worth(instrument, units, market.supply(coin), 4),
                "change": percent(units, market.price(instrument, seen_ms - DAY_MS), 8),
                "seen_ms": seen_ms, "ath": number(units * 17 // 10, instrument.places)}

    def sample(self, own_id, quote, at_ms):
        """A point of a history."""
        instrument, coin = self.instrument(own_id, quote), self.ids[own_id]
        units = self.market.price(instrument, at_ms)
        return {"price": number(units, instrument.places),
                "volume_24h": self.worth(instrument, units, self.market.turnover(coin, at_ms), 6),
                "market_cap": self.worth(instrument, units, self.market.supply(coin), 4)}
