"""
A synthetic market: a pure function of (seed, source, symbol, time).

Each coin has a level (its recorded price) and a path around it. Day by day the path follows a
recorded series of daily closes, walked forth and back from a point that the seed chooses. Inside a
day it takes the shape of 24 recorded hours of five-minute candles, bent so that the day ends where
the next one begins. Each source sees that path a few hundredths of a percent off, with its own
volume and its own gaps. All of it is integer arithmetic: the same question has the same digits on
any machine.

Units: time in unix milliseconds unless a name says otherwise; a price is an integer count of
10**-places of the quote currency; a volume is an integer count of 10**-8 of the base currency.
"""
import hashlib
import json
import math
from collections import namedtuple
from functools import lru_cache
from pathlib import Path

from . import coins as coin_list
from .digits import units_of

ONE = 10**9  # the ratio 1
STEP_S, STEPS = 300, 288
STEP_MS, HOUR_MS, DAY_MS = STEP_S * 1000, 3_600_000, 86_400_000
VOLUME_PLACES = 8
LISTED_MS = 1_483_228_800_000  # 2017-01-01: no market is older
QUOTE_MS = 60_000  # an aggregator looks at a coin once a minute

SHAPES_FILE = "binance/klines_BTCUSDT_5m_2026-01_cut.json"
BTC_DAYS_FILE = "binance/klines_BTCUSDT_1d_500rows_2022-09-22.json"
ETH_DAYS_FILE = "binance/klines_ETHUSDT_1d_1000rows.json"

Candle = namedtuple("Candle", "open_ms open high low close volume quote_volume trades")
# Ratios at the 289 step boundaries of a day, and per step how far the candle reaches beyond its
# ends (upwards, downwards) and its share of volume and trades.
Day = namedtuple("Day", "path up down volume trades")
# The same of each recorded step, whatever day it becomes part of.
Reach = namedtuple("Reach", "up down volume trades")
# A source's day by columns: the prices at the 289 step boundaries, the rest per step.
Columns = namedtuple("Columns", "missing prices highs lows volumes quote_volumes trades")


class Instrument:
    """What one source calls a market. `places` is its price tick."""

    def __init__(self, source, symbol, base, quote, places, level, volume_step, thin):
        self.source, self.symbol, self.base, self.quote = source, symbol, base, quote
        self.places = places
        self.level = level  # price units at ratio 1, times ONE
        self.volume_step = volume_step  # volume units in five average minutes
        self.thin = thin  # an illiquid market: steps without a trade do not exist


class Market:
    def __init__(self, seed, recorded):
        self.seed = seed
        self.recorded = str(recorded)
        self.coins = coin_list.load_coins(self.recorded)
        shapes = json.loads((Path(recorded) / SHAPES_FILE).read_text())
        rows = [tuple(units_of(field, 8) for field in row[1:6]) + (row[8],) for row in shapes]
        self._closes = [row[3] for row in rows]
        self._reach, self._calm_reach = reach_of(rows, 1), reach_of(rows, 1000)
        self._btc_days = self._daily_ratios(BTC_DAYS_FILE, "36000")
        self._eth_days = [math.isqrt(ratio * ONE)
                          for ratio in self._daily_ratios(ETH_DAYS_FILE, "300")]
        self.day = lru_cache(maxsize=4096)(self._day)
        self.noise = lru_cache(maxsize=4096)(self._noise)
        self.steps = lru_cache(maxsize=1024)(self._steps)
        self.hours = lru_cache(maxsize=16384)(self._hours)
        self.boundary_prices = lru_cache(maxsize=4096)(
            lambda source, symbol, day: self.points(self.instrument(source, symbol), day))
        self._instruments = {}

    def _daily_ratios(self, file, middle):
        rows = json.loads((Path(self.recorded) / file).read_text())
        return [units_of(row[4], 8) * ONE // units_of(middle, 8) for row in rows]

    def hash(self, *words):
        text = "/".join(map(str, (self.seed, *words)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def _bytes(self, count, *words):
        return hashlib.shake_128("/".join(map(str, (self.seed, *words))).encode()).digest(count)

    # The path of a coin or currency against the USD, as a ratio to its level.

    def day_start(self, asset, day):
        """The ratio at 00:00 UTC of unix day `day`."""
        if asset == "usd":
            return ONE
        choice = self.hash("series", asset)
        series = self._btc_days if asset == "bitcoin" or choice % 2 else self._eth_days
        turn = 2 * (len(series) - 1)
        at = (day + choice // 2) % turn
        ratio = series[at if at < len(series) else turn - at]
        if asset in coin_list.FIAT_USD:
            return ONE + (ratio - ONE) // 50
        if self.coins[asset].is_stable:
            return ONE + (ratio - ONE) // 2000
        return ratio

    def _day(self, asset, day):
        begin, end = self.day_start(asset, day), self.day_start(asset, day + 1)
        first = self.hash("shape", asset, day) % (len(self._closes) - STEPS - 1)
        # A calm series takes calm shapes: what the day moves by, and a thousandth.
        calm = asset in coin_list.FIAT_USD or self.coins[asset].is_stable
        base = self._closes[first]
        shape = [close * ONE // base for close in self._closes[first:first + STEPS + 1]]
        if calm:
            shape = [ONE + (ratio - ONE) // 1000 for ratio in shape]
        bend = end * ONE * ONE // (begin * shape[STEPS]) - ONE
        path = [begin * shape[i] // ONE * (ONE + bend * i // STEPS) // ONE for i in range(STEPS)]
        path.append(end)
        return Day(path, *(column[first + 1:first + 1 + STEPS]
                           for column in (self._calm_reach if calm else self._reach)))

    # Instruments.

    def level_usd(self, asset):
        """What the asset or currency is worth at ratio 1, in USD times 10**24."""
        fiat = coin_list.FIAT_USD.get(asset)
        return units_of(fiat if fiat else self.coins[asset].price, 24)

    def instrument(self, source, symbol):
        """None if the source has no such market."""
        key = source, symbol
        if key not in self._instruments:
            self._instruments[key] = self._make_instrument(source, symbol)
        return self._instruments[key]

    def _make_instrument(self, source, symbol):
        if source in coin_list.IDS:
            own_id, _, quote = symbol.rpartition("/")
            base = coin_list.IDS[source](self.recorded).get(own_id)
            if base is None:
                return None
        else:
            pair = coin_list.PAIRS[source](self.recorded).get(symbol)
            if pair is None or pair.halted:
                return None
            base, quote = pair.base, pair.quote
        quote_asset = coin_list.QUOTE_COINS.get(quote, quote)
        if quote_asset not in coin_list.FIAT_USD and quote_asset not in self.coins:
            return None
        price = self.level_usd(base) * 10**24 // self.level_usd(quote_asset)  # 24 places
        whole = len(str(price)) - 24  # digits before the point; <= 0 for small prices
        if source in coin_list.IDS:
            places = max(0, 13 - whole)
        else:
            places = min(8, max(2, 5 - whole))
        coin = self.coins[base]
        share = {"binance": 20, "coinbase": 5, "kraken": 4}.get(source, 100)
        per_step = coin.volume * share / 100 / coin.price / STEPS
        thin = source in ("coinbase", "kraken") and not (base in ("bitcoin", "ethereum") and quote == "usd")
        return Instrument(source, symbol, base, quote_asset, places,
                          price * 10**places * ONE // 10**24,
                          max(units_of(per_step, VOLUME_PLACES), 10**6), thin)

    def _noise(self, source, symbol, day):
        return memoryview(self._bytes(STEPS * 4, source, symbol, day)).cast("H")

    def _prices(self, instrument, day, path, quote_path):
        """The prices at the beginnings of a day's first steps, as the source sees them."""
        if instrument.base == instrument.quote:
            return [10**instrument.places] * len(path)
        noise = self.noise(instrument.source, instrument.symbol, day)[::2]
        level = instrument.level
        prices = [level * ratio // quote * (ONE + (luck - 32768) * 6) // (ONE * ONE)
                  for ratio, quote, luck in zip(path, quote_path, noise)]
        return prices if min(prices) > 0 else [max(price, 1) for price in prices]

    def points(self, instrument, day):
        """The prices at the 289 step boundaries of a day."""
        quote_path = [ONE] * STEPS if instrument.quote == "usd" \
            else self.day(instrument.quote, day).path
        prices = self._prices(instrument, day, self.day(instrument.base, day).path[:STEPS],
                              quote_path)
        return prices + self._prices(instrument, day + 1, [self.day_start(instrument.base, day + 1)],
                                     [self.day_start(instrument.quote, day + 1)])

    # Candles.

    def missing_steps(self, instrument, day):
        """The steps of a day in which nothing was published."""
        missing = set()
        if instrument.source == "binance" and self.hash("outage", day) % 45 == 0:
            hour = self.hash("outage hour", day) % 24
            missing.update(range(12 * hour, 12 * hour + 12))
        if instrument.thin:
            luck = self._bytes(STEPS + 24, "thin", instrument.symbol, day)
            missing.update(at for at in range(STEPS) if luck[at] < 8)
            for hour in range(24):
                if luck[STEPS + hour] < 4:
                    missing.update(range(12 * hour, 12 * hour + 12))
        return missing

    def _columns(self, source, symbol, day):
        instrument = self.instrument(source, symbol)
        shape = self.day(instrument.base, day)
        prices = self.points(instrument, day)
        lucks = [32768 + luck for luck in self.noise(source, symbol, day)[1::2]]  # half to one and a half
        closes, step, divisor = prices[1:], instrument.volume_step, 4 * 10**instrument.places
        highs = [(opened if opened > closed else closed) * up // ONE
                 for opened, closed, up in zip(prices, closes, shape.up)]
        lows = [(opened if opened < closed else closed) * down // ONE or 1
                for opened, closed, down in zip(prices, closes, shape.down)]
        volumes = [step * volume * luck // (ONE * 65536 * 1000) * 1000 + 1000
                   for volume, luck in zip(shape.volume, lucks)]
        quote_volumes = [volume * (opened + high + low + closed) // divisor
                         for volume, opened, high, low, closed
                         in zip(volumes, prices, highs, lows, closes)]
        trades = [count * luck // 65536 + 1 for count, luck in zip(shape.trades, lucks)]
        return Columns(self.missing_steps(instrument, day), prices, highs, lows, volumes,
                       quote_volumes, trades)

    def _steps(self, source, symbol, day):
        """The five-minute candles of a day: 288, None where there is none."""
        missing, prices, *columns = self._columns(source, symbol, day)
        highs, lows, *amounts = columns
        opened_at = range(day * DAY_MS, (day + 1) * DAY_MS, STEP_MS)
        candles = list(map(Candle, opened_at, prices, highs, lows, prices[1:], *amounts))
        for at in missing:
            candles[at] = None
        return candles

    def _hours(self, source, symbol, day):
        missing, prices, highs, lows, *amounts = self._columns(source, symbol, day)
        hours = []
        for first in range(0, STEPS, 12):
            steps = range(first, first + 12)
            if missing:
                steps = [at for at in steps if at not in missing]
            hours.append(Candle(
                day * DAY_MS + first * STEP_MS, prices[steps[0]], max(highs[at] for at in steps),
                min(lows[at] for at in steps), prices[steps[-1] + 1],
                *(sum(column[at] for at in steps) for column in amounts)) if steps else None)
        return hours

    def candles(self, source, symbol, interval_s, from_ms, to_ms, now_ms):
        """The candles that open in [from_ms, to_ms) and before now_ms; the last may be unfinished."""
        width = interval_s * 1000
        begin = max(from_ms, LISTED_MS) // width * width
        if begin < from_ms:
            begin += width
        end = min(to_ms, now_ms + 1)
        found = (self.candle(source, symbol, interval_s, at, now_ms)
                 for at in range(begin, end, width))
        return [candle for candle in found if candle]

    def candle(self, source, symbol, interval_s, open_ms, now_ms):
        """One candle, as it looks at `now_ms`; None where nothing was traded."""
        width = interval_s * 1000
        if open_ms + width > now_ms:
            return self._unfinished(source, symbol, open_ms, now_ms)
        day, rest = divmod(open_ms, DAY_MS)
        if interval_s == STEP_S:
            return self.steps(source, symbol, day)[rest // STEP_MS]
        if interval_s == 86400:
            return merge(self.hours(source, symbol, day), open_ms)
        if interval_s == 3600:
            return self.hours(source, symbol, day)[rest // HOUR_MS]
        if interval_s < 3600:
            steps = self.steps(source, symbol, day)
            return merge(steps[rest // STEP_MS:(rest + width) // STEP_MS], open_ms)
        hours = self.hours(source, symbol, day)
        return merge(hours[rest // HOUR_MS:(rest + width) // HOUR_MS], open_ms)

    def _unfinished(self, source, symbol, open_ms, now_ms):
        steps = []
        for at in range(open_ms, now_ms, STEP_MS):
            candle = self.steps(source, symbol, at // DAY_MS)[at % DAY_MS // STEP_MS]
            if candle and at + STEP_MS > now_ms:
                candle = part(candle, now_ms - at)
            steps.append(candle)
        return merge(steps, open_ms)

    # Prices at a moment.

    def price(self, instrument, at_ms):
        """The price at `at_ms`: a straight line between the step boundaries around it."""
        day, rest = divmod(at_ms, DAY_MS)
        at, into = divmod(rest, STEP_MS)
        prices = self.boundary_prices(instrument.source, instrument.symbol, day)
        return between(prices[at], prices[at + 1], into, STEP_MS)

    def last_look(self, coin, now_ms):
        """When an aggregator last looked at a coin: once a minute, each at its own second."""
        lag = self.hash("look", coin) % QUOTE_MS
        return (now_ms - lag) // QUOTE_MS * QUOTE_MS + lag

    def turnover(self, coin, at_ms):
        """Rolling 24 h volume in coins, in 10**-8: swings between 0.6 and 1.4 of the recorded."""
        hour, into = divmod(at_ms, HOUR_MS)
        waves = [600 + self.hash("wave", coin, hour + i) % 801 for i in (0, 1)]
        base = self.coins[coin]
        coins_traded = units_of(base.volume / base.price, VOLUME_PLACES)
        return coins_traded * between(waves[0] * ONE, waves[1] * ONE, into, HOUR_MS) // (1000 * ONE)

    def supply(self, coin):
        """In 10**-8 coins."""
        return units_of(self.coins[coin].supply, VOLUME_PLACES)

    def sample_times(self, coin, width_ms, from_ms, to_ms):
        """When an aggregator took the price points of a chart: one in each `width_ms`, not on a grid."""
        if width_ms == DAY_MS:
            begin = -(-from_ms // DAY_MS) * DAY_MS
            return list(range(begin, to_ms + 1, DAY_MS))
        times = []
        for at in range(from_ms // width_ms, to_ms // width_ms + 1):
            luck = self.hash("sample", coin, width_ms, at)
            late = 2_900_000 if luck % 32 == 0 and width_ms == HOUR_MS else 240_000
            time = at * width_ms + 1 + (luck >> 8) % late
            if from_ms <= time <= to_ms:
                times.append(time)
        return times


def reach_of(rows, divisor):
    """Of recorded candles (open, high, low, close, volume, trades); `divisor` calms the prices."""
    mean = sum(row[4] for row in rows) // len(rows)
    ups = [high * ONE // max(opened, closed) for opened, high, _, closed, _, _ in rows]
    downs = [low * ONE // min(opened, closed) for opened, _, low, closed, _, _ in rows]
    return Reach([ONE + (ratio - ONE) // divisor for ratio in ups],
                 [ONE - (ONE - ratio) // divisor for ratio in downs],
                 [row[4] * ONE // mean for row in rows], [row[5] for row in rows])


def between(begin, end, into, width):
    return begin + (end - begin) * into // width


def merge(candles, open_ms):
    """One candle of several; None if none of them exists."""
    candles = [candle for candle in candles if candle]
    if not candles:
        return None
    _, opens, highs, lows, closes, volumes, quote_volumes, trades = zip(*candles)
    return Candle(open_ms, opens[0], max(highs), min(lows), closes[-1], sum(volumes),
                  sum(quote_volumes), sum(trades))


def part(candle, into):
    """What `candle`, five minutes long, looks like `into` milliseconds after it opened."""
    closed = between(candle.open, candle.close, into, STEP_MS)
    top, bottom = max(candle.open, candle.close), min(candle.open, candle.close)
    return Candle(candle.open_ms, candle.open,
                  max(candle.open, closed) + (candle.high - top) * into // STEP_MS,
                  min(candle.open, closed) - (bottom - candle.low) * into // STEP_MS,
                  closed, max(candle.volume * into // STEP_MS, 1),
                  candle.quote_volume * into // STEP_MS, max(candle.trades * into // STEP_MS, 1))
