"""What a day's reports must say, worked out from candles with exact fractions: no code shared with the product."""
import datetime
import decimal
import math
from decimal import Decimal
from fractions import Fraction

DAY = datetime.timedelta(days=1)
# source -> (id, priority), as migrations make them
SOURCES = {"coingecko": (1, 30), "binance": (2, 20), "coinbase": (3, 10), "csv": (4, 90), "coinmarketcap": (5, 40),
           "coinpaprika": (6, 50), "kraken": (7, 15)}
PRECISE = decimal.Context(prec=80)


def preference(source):
    return SOURCES[source][1], SOURCES[source][0]


def rounded(value, digits=6):
    """A fraction to so many decimals, half away from zero; None stays None."""
    if value is None:
        return None
    scaled = abs(value) * 10 ** digits
    whole = math.floor(scaled + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-digits)


def nearest_rank(values, share):
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1] if ordered else None


def as_decimal(fraction):
    return PRECISE.divide(Decimal(fraction.numerator), Decimal(fraction.denominator))


def deviation(values):
    """Sample standard deviation of decimals, or None of fewer than two."""
    if len(values) < 2:
        return None
    with decimal.localcontext(PRECISE):
        mean = sum(values) / len(values)
        return (sum((each - mean) ** 2 for each in values) / (len(values) - 1)).sqrt()


# ---- market ----

class Candle:
    """A candle of the seeded tables; prices and volumes are decimals or None."""

    def __init__(self, at, close, volume=None, quote_volume=None, volume_24h=None, market_cap=None, payload=1):
        self.at, self.close, self.payload = at, close, payload
        self.volume, self.quote_volume, self.volume_24h, self.market_cap = volume, quote_volume, volume_24h, market_cap

    def turnover(self):
        if self.quote_volume is not None:
            return self.quote_volume, "quote_volume"
        if self.volume is not None:
            return PRECISE.multiply(self.volume, self.close), "volume * close"
        return (self.volume_24h, "volume_24h") if self.volume_24h is not None else (None, None)


def agreeing(closes):
    """Of {source: close}: those within a tenth of the median."""
    if not closes:
        return set()
    ordered = sorted(map(Fraction, closes.values()))
    half = len(ordered) // 2
    median = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return {source for source, close in closes.items() if abs(Fraction(close) / median - 1) <= Fraction(1, 10)}


def window(candles, day, days):
    """The numbers of one window over one source's {day: candle}."""
    inside = [at for at in sorted(candles) if day - days * DAY < at <= day]
    logs = [as_decimal(Fraction(candles[at].close) / Fraction(candles[at - DAY].close)).ln(PRECISE)
            for at in inside if at - DAY in candles]
    peak, fall = Fraction(0), Fraction(0)
    for at in inside:
        peak = max(peak, Fraction(candles[at].close))
        fall = max(fall, 1 - Fraction(candles[at].close) / peak)
    needed = math.ceil(days * 2 / 3)
    spread = deviation(logs) if len(logs) >= needed else None
    ends = candles.get(day), candles.get(day - days * DAY)
    return {
        "closes": len(inside), "returns": len(logs), "needed": needed,
        "return_percent": rounded(100 * (Fraction(ends[0].close) / Fraction(ends[1].close) - 1)) if all(ends) else None,
        "volatility_percent": rounded(Fraction(100 * spread)) if spread is not None else None,
        "volatility_annualized_percent":
            rounded(Fraction(PRECISE.multiply(100 * spread, Decimal(365).sqrt(PRECISE))))
            if spread is not None else None,
        "max_drawdown_percent": rounded(100 * fall) if len(inside) >= needed else None,
        "median_turnover": nearest_rank([candles[at].turnover()[0] for at in inside
                                         if candles[at].turnover()[0] is not None], Fraction(1, 2)),
    }


def market_row(asset, symbol, currency, series, day):
    """`series` is {source: {day: candle}}. None if nobody has a candle in the 91 days."""
    series = {source: {at: one for at, one in candles.items() if day - 90 * DAY <= at <= day}
              for source, candles in series.items()}
    series = {source: candles for source, candles in series.items() if candles}
    if not series:
        return None
    today = {source: candles[day] for source, candles in series.items() if day in candles}
    good = agreeing({source: candle.close for source, candle in today.items()})
    source = min(series, key=lambda one: (one not in good, -len(series[one]), preference(one)))
    chosen = series[source]
    disputed = len(today) >= 2 and len(good) < 2
    caps = sorted((one for one in good if not disputed and (today[one].market_cap or 0) > 0),
                  key=lambda one: (one != source, preference(one)))
    turnovers = sorted((one for one in good if today[one].turnover()[0] is not None),
                       key=lambda one: (-today[one].turnover()[0], preference(one)))
    last, before = chosen.get(day), chosen.get(day - DAY)
    return {
        "asset": asset, "symbol": symbol, "currency": currency, "source": source, "interval": "1d",
        "close": last and last.close, "close_day_before": before and before.close,
        "change_24h_percent":
            rounded(100 * (Fraction(last.close) / Fraction(before.close) - 1)) if last and before else None,
        "sources_with_close": len(today), "sources_agreeing": len(good), "disputed": disputed,
        "market_cap": today[caps[0]].market_cap if caps else None, "market_cap_source": caps[0] if caps else None,
        "turnover": today[turnovers[0]].turnover()[0] if turnovers else None,
        "turnover_is": today[turnovers[0]].turnover()[1] if turnovers else None,
        "turnover_source": turnovers[0] if turnovers else None,
        "windows": {f"{days}d": window(chosen, day, days) for days in (7, 30, 90)},
        "sources": [{"source": one, "close": today[one].close, "agrees": one in good, "volume": today[one].volume,
                     "quote_volume": today[one].quote_volume, "volume_24h": today[one].volume_24h,
                     "market_cap": today[one].market_cap, "origin": 0, "revision": 0, "run_id": 1, "payload_id": today[one].payload}
                    for one in sorted(today, key=preference)],
    }


def with_dominance(rows):
    """Adds each row's share of the known market caps of its currency."""
    sums = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Fraction(0)) + Fraction(row["market_cap"] or 0)
    for row in rows:
        row["dominance_percent"] = (rounded(100 * Fraction(row["market_cap"]) / sums[row["currency"]])
                                    if row["market_cap"] is not None else None)
    return rows


def movers(rows, currency, floor, rising):
    ranked = [row for row in rows if row["currency"] == currency and not row["disputed"] and floor is not None
              and row["turnover"] is not None and row["turnover"] >= floor and row["change_24h_percent"]
              and (row["change_24h_percent"] > 0) == rising]
    return [row["asset"] for row in sorted(ranked, key=lambda row: (-abs(row["change_24h_percent"]), row["asset"]))][:10]


# ---- reconciliation ----

def differences(first, second, shift=0):
    """Percent by which the second's close so many slots later differs, of {slot: candle}."""
    return {slot: 100 * (Fraction(second[slot + shift].close) / Fraction(first[slot].close) - 1)
            for slot in first if slot + shift in second}


def lag(first, second, reach):
    """(shift, matched, gain) with the smallest deviation of the differences; None if too few match."""
    found = {}
    for shift in range(-reach, reach + 1):
        values = differences(first, second, shift)
        if len(values) >= 12:
            spread = deviation([as_decimal(each) for each in values.values()])
            found[shift] = spread.quantize(Decimal("1e-12"), decimal.ROUND_HALF_UP), len(values)
    if not found:
        return None, None, None
    best = min(found, key=lambda shift: (found[shift][0], abs(shift), -shift))
    unshifted = Fraction(found[0][0]) if 0 in found else None
    gain = rounded(100 * (unshifted - Fraction(found[best][0])) / unshifted) if unshifted else None
    return best, found[best][1], gain


def pair_row(asset, symbol, currency, first, second, series, day):
    """`series` is {(source, interval_s): {slot: candle}}; `second` None: only one source has the asset."""
    row = {"asset": asset, "symbol": symbol, "currency": currency, "first": first, "second": second, "interval": None,
           "first_points": None, "second_points": None, "matched": 0, "one_sided_percent": None, "bias_percent": None,
           "spread_percent": None, "lag_s": None, "lag_matched": None, "lag_gain_percent": None, "worst": None}
    shared = {step: differences(series[first, step], series[second, step]) for step in (300, 3600)
              if (first, step) in series and (second, step) in series}
    if not shared:
        return row
    step = (300 if len(shared.get(300, ())) >= 24 else 3600 if shared.get(3600) else min(shared))
    one, other, found = series[first, step], series[second, step], shared[step]
    row.update(interval={300: "5m", 3600: "1h"}[step], first_points=len(one), second_points=len(other),
               matched=len(found),
               one_sided_percent=rounded(100 * Fraction(len(set(one) ^ set(other)), len(set(one) | set(other)))))
    if not found:
        return row
    shift, matched, gain = lag(one, other, {300: 6, 3600: 3}[step])
    sizes = [abs(each) for each in found.values()]
    at = min(found, key=lambda slot: (-abs(found[slot]), slot))
    row.update(
        bias_percent=rounded(nearest_rank(found.values(), Fraction(1, 2))),
        spread_percent={"p50": rounded(nearest_rank(sizes, Fraction(1, 2))),
                        "p90": rounded(nearest_rank(sizes, Fraction(9, 10))),
                        "p99": rounded(nearest_rank(sizes, Fraction(99, 100))), "max": rounded(max(sizes))},
        lag_s=None if shift is None else shift * step, lag_matched=matched, lag_gain_percent=gain,
        worst={"open_time": (day + datetime.timedelta(seconds=at * step)).strftime("%Y-%m-%dT%H:%M:%SZ"),
               "difference_percent": rounded(found[at]),
               "first": {"close": one[at].close, "run_id": 1, "payload_id": one[at].payload},
               "second": {"close": other[at].close, "run_id": 1, "payload_id": other[at].payload}})
    return row


def reconciliation_rows(markets, day):
    """`markets` is {(asset, symbol, currency): {(source, interval_s): {slot: candle}}}."""
    rows = []
    for (asset, symbol, currency), series in markets.items():
        sources = sorted({source for source, _ in series}, key=preference)
        rows += [pair_row(asset, symbol, currency, first, second, series, day)
                 for place, first in enumerate(sources) for second in sources[place + 1:]]
        if len(sources) == 1:
            rows.append(pair_row(asset, symbol, currency, sources[0], None, series, day))
    return rows
