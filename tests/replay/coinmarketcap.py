"""CoinMarketCap: nothing without a key, a status beside all data, v3 with quotes as a list."""
import re
from datetime import datetime, timezone

from .aggregator import Aggregator, Raw, dump, positive
from .answer import Answer, Query, iso
from .coins import FIAT_USD, QUOTE_COINS, coinmarketcap_ids
from .digits import trimmed, units_of
from .market import DAY_MS, HOUR_MS, STEP_MS

KEY_HEADER = "x-cmc_pro_api_key"
CURRENCIES = {code.upper() for code in (*FIAT_USD, *QUOTE_COINS)}
# The words for an interval, its width, and how far back the Basic plan has it.
INTERVALS = {"5m": (STEP_MS, 31), "1h": (HOUR_MS, 31), "hourly": (HOUR_MS, 31),
             "1d": (DAY_MS, 366), "24h": (DAY_MS, 366), "daily": (DAY_MS, 366)}
LATE_MS = 3000  # a sample is taken so long after its time at most


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class CoinMarketCap(Aggregator):
    name = "coinmarketcap"

    def __init__(self, market):
        super().__init__(market, coinmarketcap_ids(market.recorded))

    def answer(self, target, headers, now_ms):
        query = Query(target)
        try:
            if not headers.get(KEY_HEADER):
                raise Refusal(401, 1002, "API key missing.")
            data = self.route(query)(query, now_ms)
        except Refusal as refusal:
            return Answer(refusal.status, envelope(now_ms, refusal.code, str(refusal)))
        return Answer(200, envelope(now_ms, data=data))

    def route(self, query):
        path = re.fullmatch(r"/v[123]/(.*)", query.path)
        found = path and {
            "cryptocurrency/listings/latest": self.listings,
            "cryptocurrency/quotes/latest": self.quotes,
            "cryptocurrency/quotes/historical": self.quotes_historical,
            "cryptocurrency/map": self.map, "key/info": lambda *_: {"plan": {}}}.get(path[1])
        if not found:
            if path and path[1] == "cryptocurrency/ohlcv/historical":
                raise Refusal(403, 1006, "Your API Key subscription plan doesn't support this "
                              "endpoint.")
            raise Refusal(404, 404, "The requested URL could not be found.")
        return found

    def listings(self, query, now_ms):
        start, limit = positive(query.get("start"), 1), positive(query.get("limit"), 100)
        if limit > 5000:
            raise Refusal(400, 400, '"limit" must be less than or equal to 5000')
        quote = currency(query)
        ranked = self.ranked(now_ms // 60_000)[start - 1:start - 1 + limit]
        return [self.row(own_id, rank, quote, query, now_ms) for rank, own_id in ranked]

    def quotes(self, query, now_ms):
        quote, ranks = currency(query), {own_id: rank for rank, own_id in
                                         self.ranked(now_ms // 60_000)}
        asked = query.list("id")
        unknown = [own_id for own_id in asked if own_id not in ranks]
        if not asked or unknown and query.get("skip_invalid") != "true":
            raise Refusal(400, 400, f'Invalid value for "id": "{",".join(unknown)}"')
        rows = {own_id: self.row(own_id, ranks[own_id], quote, query, now_ms)
                for own_id in asked if own_id in ranks}
        return list(rows.values()) if query.path.startswith("/v3/") else rows

    def row(self, own_id, rank, quote, query, now_ms):
        coin = self.market.coins[self.ids[own_id]]
        numbers = self.numbers(own_id, quote, now_ms)
        told = {"price": numbers["price"], "volume_24h": numbers["volume_24h"],
                "percent_change_24h": numbers["change"], "market_cap": numbers["market_cap"],
                "fully_diluted_market_cap": numbers["market_cap"],
                "last_updated": iso(numbers["seen_ms"])}
        return {"id": int(own_id), "name": coin.name, "symbol": coin.symbol.upper(),
                "slug": coin.id, "cmc_rank": rank,
                "circulating_supply": amount(coin.supply),
                "total_supply": amount(coin.row["total_supply"]),
                "max_supply": amount(coin.row["max_supply"]),
                "last_updated": iso(numbers["seen_ms"]), "quote": wrap(quote, told, query)}

    def map(self, query, now_ms):
        start, limit = positive(query.get("start"), 1), positive(query.get("limit"), 100)
        rows = []
        for rank, own_id in self.ranked(now_ms // DAY_MS * 1440)[start - 1:start - 1 + limit]:
            coin = self.market.coins[self.ids[own_id]]
            rows.append({"id": int(own_id), "rank": rank, "name": coin.name,
                         "symbol": coin.symbol.upper(), "slug": coin.id, "is_active": 1,
                         "platform": None})
        return rows

    # Histories: one sample for each time on the grid, taken a little late.

    def quotes_historical(self, query, now_ms):
        own_id, quote = query.get("id", ""), currency(query)
        if own_id not in self.ids or query.get("interval") not in INTERVALS:
            raise Refusal(400, 400, '"id" or "interval" is invalid')
        width, days = INTERVALS[query.get("interval")]
        begin, end = (moment(query, name) for name in ("time_start", "time_end"))
        if begin < now_ms - days * DAY_MS:
            raise Refusal(403, 1006, "Your API Key subscription plan doesn't support this time.")
        times = self.sample_times(own_id, width, begin, min(end, now_ms))
        return {"id": int(own_id), "quotes": [
            {"timestamp": iso(at), "quote": wrap(quote, {
                **self.sample(own_id, quote, at), "timestamp": iso(at)}, query)}
            for at in times[:positive(query.get("count"), 10)]]}

    def sample_times(self, own_id, width, begin, end):
        grid = range(-(-begin // width) * width, end + 1, width)
        late = (at + self.market.hash("late", own_id, at) % LATE_MS for at in grid)
        return [at for at in late if at <= end]


def currency(query):
    code = query.get("convert", "USD")
    if code not in CURRENCIES:
        raise Refusal(400, 400, f'Invalid value for "convert": "{code}"')
    return code.lower()


def moment(query, name):
    text = query.get(name, "")
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?Z", text)
    if not found:
        raise Refusal(400, 400, f'"{name}" must be a time')
    parts = [int(part) for part in found.groups()[:6]]
    return int(datetime(*parts, tzinfo=timezone.utc).timestamp()) * 1000 + int(found[7] or 0)


def wrap(quote, told, query):
    if query.path.startswith("/v3/"):
        return [{"id": 2781, "symbol": quote.upper(), **told}]
    return {quote.upper(): told}


def amount(value):
    return None if value is None else Raw(trimmed(units_of(value, 8), 8))


def envelope(now_ms, code=0, message=None, data=None):
    status = {"timestamp": iso(now_ms), "error_code": code, "error_message": message,
              "elapsed": 1, "credit_count": 0 if code else 1}
    return dump({"status": status} if code else {"status": status, "data": data}).encode()
