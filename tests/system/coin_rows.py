"""A small market for tests of the CoinGecko routes: coins, what sources say of them, candles."""
import datetime

from market_rows import MarketRows, utc_now

# slug, symbol, name
COINS = [("bitcoin", "BTC", "Bitcoin"), ("ethereum", "ETH", "Ethereum"), ("tether", "USDT", "Tether"),
         ("pepe", "PEPE", "Pepe"), ("pepe-fake", "PEPE", "Pepe Fake"), ("dogecoin", "DOGE", "Dogecoin"),
         ("silent", "SIL", "Silent \"Coin\"")]


class CoinRows(MarketRows):
    def add_coins(self, coins=tuple(COINS)):
        self.tidemark.insert("INSERT INTO assets (slug, symbol, name) VALUES %s ON CONFLICT DO NOTHING", list(coins))

    def latest(self, source, asset, currency, price, market_cap=None, volume=None, change=None, age_s=0, doubt=0):
        self.tidemark.query("""
            INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price,
                                       volume_24h, market_cap, change_24h_percent, doubt)
            SELECT source_id, quote_id, asset_id, %s, 1, 1, 'tick', %s::numeric, %s::numeric, %s::numeric, %s::numeric, %s
            FROM sources, quotes, assets WHERE sources.name = %s AND code = %s AND slug = %s""",
            utc_now() - datetime.timedelta(seconds=age_s), price, volume, market_cap, change, doubt, source, currency, asset)

    def listing(self, source, asset, currency, **columns):
        names = ", ".join(columns)
        self.tidemark.query(f"""
            INSERT INTO listings (source_id, quote_id, asset_id, observed_at, run_id, payload_id, {names})
            SELECT source_id, quote_id, asset_id, now(), 1, 1, {', '.join(['%s'] * len(columns))}
            FROM sources, quotes, assets WHERE sources.name = %s AND code = %s AND slug = %s""",
            *columns.values(), source, currency, asset)

    def candles(self, source, asset, currency, interval_s, candles, last_close=None):
        """
        Final candles up to now, each (open, high, low, close, market_cap, volume_24h) or a close alone, oldest first.
        The moment at which the last one closes.
        """
        rows = [each if isinstance(each, tuple) else (each, each, each, each, None, None) for each in candles]
        first_open = self.add_candles(asset, currency, [row[3] for row in rows], interval_s, source, last_close)
        values = [(first_open + place * interval_s, *row) for place, row in enumerate(rows)]
        self.tidemark.insert(f"""
            UPDATE candles c SET open = v.open::numeric, high = v.high::numeric, low = v.low::numeric,
                                 market_cap = v.market_cap::numeric, volume_24h = v.volume::numeric
            FROM (VALUES %s) AS v (at, open, high, low, close, market_cap, volume), sources s, assets a, quotes q
            WHERE c.open_time = to_timestamp(v.at) AND c.interval_s = {interval_s} AND s.source_id = c.source_id
              AND a.asset_id = c.asset_id AND q.quote_id = c.quote_id AND s.name = '{source}' AND a.slug = '{asset}'
              AND q.code = '{currency}'""", values)
        return first_open + len(rows) * interval_s
