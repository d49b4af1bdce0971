"""CoinGecko v3: JSON numbers as a program with doubles prints them, nulls, rows that move."""
import re
from functools import lru_cache

from .aggregator import Aggregator, Raw, dump, percent, positive
from .answer import Answer, Query, compact, iso, recorded_body
from .coins import FIAT_USD, QUOTE_COINS
from .digits import float_like, rescale
from .market import DAY_MS, HOUR_MS, QUOTE_MS, STEP_MS, VOLUME_PLACES

PER_PAGE_MAX, PER_PAGE_DEFAULT = 250, 100
HISTORY_DAYS_MAX = 365
CHANGE_WINDOWS_H = {"1h": 1, "24h": 24, "7d": 168, "14d": 336, "30d": 720, "200d": 4800,
                    "1y": 8760}
VS_CURRENCIES = tuple(code for code in (*FIAT_USD, *QUOTE_COINS) if code not in
                      ("usdt", "usdc", "dai"))


class CoinGecko(Aggregator):
    name = "coingecko"

    def __init__(self, market):
        super().__init__(market, {coin: coin for coin in market.coins})
        self.row_cached = lru_cache(maxsize=4096)(self._row)

    def answer(self, target, headers, now_ms):
        query = Query(target)
        path = query.path.removeprefix("/api/v3")
        if path == "/ping":
            return Answer(200, b'{"gecko_says":"(V3) To the Moon!"}')
        if path == "/coins/markets":
            return self.markets(query, now_ms)
        if path == "/coins/list":
            return self.coins_list()
        if path == "/simple/price":
            return self.simple_price(query, now_ms)
        if path == "/simple/supported_vs_currencies":
            return Answer(200, compact(list(VS_CURRENCIES)))
        match = re.fullmatch(r"/coins/([^/]+)/market_chart(/range)?", path)
        if match and match[1] not in self.market.coins:
            return self.error(404, "errors/404_unknown_coin.json")
        if match:
            return (self.range if match[2] else self.chart)(match[1], query, now_ms)
        return Answer(404, b'{"error":"Incorrect path. Please check https://www.coingecko.com/api/"}')

    def error(self, status, file):
        return Answer(status, recorded_body(self.market.recorded, "coingecko/" + file))

    def coins_list(self):
        return Answer(200, compact([{"id": coin.id, "symbol": coin.symbol, "name": coin.name}
                                    for coin in self.market.coins.values()]))

    # Numbers.

    def price_text(self, instrument, units, precision):
        places = instrument.places
        if precision == "full":
            return Raw(float_like(units, places))
        if precision is not None:
            return Raw(float_like(rescale(units, places, int(precision)), int(precision)))
        keep = 2 if units >= 10**places else min(places, places - len(str(units)) + 6)
        keep = min(keep, places)
        return Raw(float_like(rescale(units, places, keep), keep))

    # /coins/markets

    def markets(self, query, now_ms):
        quote = query.get("vs_currency")
        if not quote:
            return self.error(422, "errors/422_missing_vs_currency.json")
        precision = query.get("precision")
        if quote.lower() not in VS_CURRENCIES or not precision_is_valid(precision):
            return Answer(422, compact({"error": "invalid vs_currency" if
                                        precision_is_valid(precision) else "invalid precision"}))
        per_page = min(positive(query.get("per_page"), PER_PAGE_DEFAULT), PER_PAGE_MAX)
        page = positive(query.get("page"), 1)
        order = self.ranked(now_ms // QUOTE_MS)
        if query.get("ids") is not None:
            wanted = set(query.list("ids"))
            order = [entry for entry in order if entry[1] in wanted]
        windows = [window for window in query.list("price_change_percentage")
                   if window in CHANGE_WINDOWS_H]
        rows = [self.row(coin, rank, quote.lower(), precision, tuple(windows), now_ms)
                for rank, coin in order[(page - 1) * per_page:page * per_page]]
        return Answer(200, ("[" + ",".join(rows) + "]").encode(),
                      headers={"cache-control": "max-age=60, public"})

    def row(self, coin, rank, quote, precision, windows, now_ms):
        return self.row_cached(coin, rank, quote, precision, windows,
                               self.market.last_look(coin, now_ms))

    def _row(self, coin, rank, quote, precision, windows, seen_ms):
        market, known = self.market, self.market.coins[coin]
        instrument = self.instrument(coin, quote)
        places = instrument.places

        def price(units):
            return self.price_text(instrument, units, precision)

        units = market.price(instrument, seen_ms)
        before = market.price(instrument, seen_ms - DAY_MS)
        day = [units, before] + [market.price(instrument, at) for at in
                                 range((seen_ms - DAY_MS) // HOUR_MS * HOUR_MS + HOUR_MS,
                                       seen_ms, HOUR_MS)]
        supply, recorded = market.supply(coin), known.row
        cap, cap_before = units * supply, before * supply
        scale = 10**(places + VOLUME_PLACES)
        diluted = None
        if recorded["fully_diluted_valuation"] and recorded["max_supply"]:
            diluted = self.worth(instrument, units,
                                 int(recorded["max_supply"] * 10**VOLUME_PLACES), 0)
        ath, atl = max(day) * 17 // 10, max(min(day) // 40, 1)
        stable_gap = known.is_stable and market.hash("nulls", coin) % 2 == 0
        row = {
            "id": coin, "symbol": recorded["symbol"], "name": known.name,
            "image": recorded["image"], "current_price": price(units),
            "market_cap": Raw(float_like(rescale(cap, places + VOLUME_PLACES, 0), 0)),
            "market_cap_rank": rank, "fully_diluted_valuation": diluted,
            "total_volume": self.worth(instrument, units, market.turnover(coin, seen_ms), 0),
            "high_24h": None if stable_gap else price(max(day)),
            "low_24h": None if stable_gap else price(min(day)),
            "price_change_24h": None if stable_gap else Raw(float_like(units - before, places)),
            "price_change_percentage_24h": percent(units, before, 5),
            "market_cap_change_24h": Raw(float_like((cap - cap_before) // scale, 0)),
            "market_cap_change_percentage_24h": percent(cap, cap_before, 5),
            "circulating_supply": ruby_float(known.supply),
            "total_supply": ruby_float(recorded["total_supply"]),
            "max_supply": ruby_float(recorded["max_supply"]),
            "ath": price(ath), "ath_change_percentage": percent(units, ath, 5),
            "ath_date": recorded["ath_date"],
            "atl": price(atl), "atl_change_percentage": percent(units, atl, 5),
            "atl_date": recorded["atl_date"], "roi": roi(recorded["roi"]),
            "last_updated": iso(seen_ms)}
        for window in windows:
            then = market.price(instrument, seen_ms - CHANGE_WINDOWS_H[window] * HOUR_MS)
            row[f"price_change_percentage_{window}_in_currency"] = percent(units, then, 14)
        return dump(row)

    # /simple/price

    def simple_price(self, query, now_ms):
        if not query.get("ids"):
            return self.error(422, "errors/422_missing_ids.json")
        if not query.get("vs_currencies"):
            return Answer(422, b'{"error":"Missing parameter vs_currencies"}')
        table = {}
        for coin in query.list("ids"):
            if coin in self.market.coins:
                table[coin] = self.simple_entry(coin, query, self.market.last_look(coin, now_ms))
        return Answer(200, dump(table).encode())

    def simple_entry(self, coin, query, seen_ms):
        entry = {}
        for quote in query.list("vs_currencies"):
            if quote not in VS_CURRENCIES:
                continue
            instrument = self.instrument(coin, quote)
            units = self.market.price(instrument, seen_ms)
            entry[quote] = self.price_text(instrument, units, query.get("precision"))
            if query.get("include_market_cap") == "true":
                entry[quote + "_market_cap"] = self.worth(instrument, units,
                                                          self.market.supply(coin), 6)
            if query.get("include_24hr_vol") == "true":
                turnover = self.market.turnover(coin, seen_ms)
                entry[quote + "_24h_vol"] = self.worth(instrument, units, turnover, 6)
            if query.get("include_24hr_change") == "true":
                before = self.market.price(instrument, seen_ms - DAY_MS)
                entry[quote + "_24h_change"] = percent(units, before, 14)
        if query.get("include_last_updated_at") == "true":
            entry["last_updated_at"] = seen_ms // 1000
        return entry

    # Charts: points at the provider's own odd times; the last one is "now".

    def chart(self, coin, query, now_ms):
        quote, days = query.get("vs_currency"), query.get("days")
        if not quote:
            return self.error(422, "errors/422_missing_vs_currency.json")
        if quote.lower() not in VS_CURRENCIES:
            return Answer(422, b'{"error":"invalid vs_currency"}')
        if days == "max" or (days or "").isdigit() and int(days) > HISTORY_DAYS_MAX:
            return self.error(401, "errors/401_10012_history_range.json")
        if not (days or "").isdigit() or int(days) == 0:
            return Answer(422, b'{"error":"Missing parameter days"}' if not days else
                          b'{"error":"invalid days"}')
        interval = query.get("interval")
        if interval not in (None, "", "daily"):
            return Answer(401, compact({"status": {"error_code": 10005, "error_message":
                          "This request is limited to the Enterprise plan."}}))
        width = DAY_MS if interval == "daily" else chart_width(int(days) * DAY_MS, True)
        begin = now_ms - int(days) * DAY_MS
        return self.points(coin, quote.lower(), width, begin, now_ms, now_ms, query)

    def range(self, coin, query, now_ms):
        quote = query.get("vs_currency")
        if not quote:
            return self.error(422, "errors/422_missing_vs_currency.json")
        ends = query.get("from", ""), query.get("to", "")
        if quote.lower() not in VS_CURRENCIES or not all(end.isdigit() for end in ends):
            return Answer(422, b'{"error":"invalid parameter"}')
        begin, end = (int(text) * 1000 for text in ends)
        if begin < now_ms - HISTORY_DAYS_MAX * DAY_MS:
            return self.error(401, "errors/401_10012_history_range.json")
        end = min(end, now_ms)
        width = chart_width(end - begin, end > now_ms - DAY_MS)
        return self.points(coin, quote.lower(), width, begin, end, now_ms, query)

    def points(self, coin, quote, width, begin, end, now_ms, query):
        market, instrument = self.market, self.instrument(coin, quote)
        times = market.sample_times(coin, width, begin, end)
        if end == now_ms:
            times.append(now_ms)
            # The recorded day ends with two points that share a price and are out of order.
            if width == STEP_MS and len(times) > 1 and times[-2] // STEP_MS == now_ms // STEP_MS:
                times[-2:] = [now_ms, times[-2]]
        prices, caps, volumes = [], [], []
        for at in times:
            units = market.price(instrument, at)
            text = self.price_text(instrument, units, query.get("precision", "full"))
            prices.append(f"[{at},{text}]")
            caps.append(f"[{at},{self.worth(instrument, units, market.supply(coin), 4)}]")
            turnover = market.turnover(coin, at)
            volumes.append(f"[{at},{self.worth(instrument, units, turnover, 4)}]")
        body = (f'{{"prices":[{",".join(prices)}],"market_caps":[{",".join(caps)}],'
                f'"total_volumes":[{",".join(volumes)}]}}')
        return Answer(200, body.encode())


def chart_width(span_ms, is_current):
    if span_ms <= DAY_MS:
        return STEP_MS if is_current else HOUR_MS
    return HOUR_MS if span_ms <= 90 * DAY_MS else DAY_MS


def ruby_float(value):
    """Supplies are doubles at the provider: a whole number has ".0"."""
    if value is None:
        return None
    text = float_like(int(value * 10**6), 6)
    return Raw(text if "." in text or "e" in text else text + ".0")


def roi(value):
    return value and {key: item if isinstance(item, str) else Raw(str(item))
                      for key, item in value.items()}


def precision_is_valid(text):
    return text is None or text == "full" or (text.isdigit() and int(text) <= 18)
