"""Rows as workers would commit them, and the events they would publish, for tests of the API."""
import datetime
import json

import pika


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


class MarketRows:
    """Writes prices and candles into a Tidemark's tables and says so on its events exchange."""

    def __init__(self, tidemark):
        self.tidemark = tidemark

    def set_price(self, asset, currency, price, source="coinbase", age_s=0, announce=True, doubt=0):
        """A newer latest price, in one transaction with its event's version."""
        connection = self.tidemark.connect()
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id,"
                    " payload_id, origin, price, volume_24h, market_cap, doubt)"
                    " SELECT source_id, quote_id, asset_id, %s, 1, 1, 'tick', %s::numeric, 1000.50,"
                    " 2000, %s FROM sources, quotes, assets WHERE sources.name = %s AND code = %s"
                    " AND slug = %s ON CONFLICT (asset_id, quote_id, source_id) DO UPDATE"
                    " SET price = excluded.price, observed_at = excluded.observed_at",
                    (utc_now() - datetime.timedelta(seconds=age_s), price, doubt, source, currency, asset))
                assert cursor.rowcount == 1
                cursor.execute("SELECT pg_current_xact_id()::text")
                version = cursor.fetchone()[0]
            connection.commit()
        finally:
            connection.close()
        if announce:
            self.announce(version, prices=[f"{asset}/{currency}"])
        return version

    def add_candles(self, asset, currency, closes, interval_s=3600, source="binance", end=None):
        """Closed candles up to now, one for each close, oldest first."""
        end = end or utc_now()
        last_open = int(end.timestamp()) // interval_s * interval_s - interval_s
        first_open = last_open - (len(closes) - 1) * interval_s
        connection = self.tidemark.connect()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ensure_partition('candles', moment) FROM generate_series("
                " date_trunc('month', to_timestamp(%s)), to_timestamp(%s), interval '1 month') AS moment",
                (first_open, last_open))
            cursor.execute(
                "INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time,"
                " run_id, payload_id, origin, open, high, low, close, volume, quote_volume)"
                " SELECT source_id, quote_id, asset_id, %(step)s, 1,"
                " to_timestamp(%(first)s + (place - 1) * %(step)s), 1, 1, 0, price, price, price,"
                " price, 12.5, 100 FROM sources, quotes, assets,"
                " unnest(%(closes)s::numeric[]) WITH ORDINALITY AS point (price, place)"
                " WHERE sources.name = %(source)s AND code = %(currency)s AND slug = %(asset)s",
                {"step": interval_s, "first": first_open, "closes": [str(each) for each in closes],
                 "source": source, "currency": currency, "asset": asset})
            assert cursor.rowcount == len(closes)
            cursor.execute(
                "INSERT INTO series AS s (source_id, quote_id, asset_id, interval_s,"
                " first_open_time, last_open_time)"
                " SELECT source_id, quote_id, asset_id, %s, to_timestamp(%s), to_timestamp(%s)"
                " FROM sources, quotes, assets"
                " WHERE sources.name = %s AND code = %s AND slug = %s"
                " ON CONFLICT (asset_id, quote_id, interval_s, source_id, rolled) DO UPDATE"
                " SET first_open_time = LEAST(s.first_open_time, excluded.first_open_time),"
                " last_open_time = GREATEST(s.last_open_time, excluded.last_open_time)",
                (interval_s, first_open, last_open, source, currency, asset))
        connection.close()
        return first_open

    def announce(self, version, prices=(), candles=(), listings=False):
        """What a worker publishes after its commit."""
        event = {"v": 1, "job_id": "coinbase/quote/test/1", "source": "coinbase", "kind": "quote",
                 "run_id": 1, "version": str(version),
                 "committed_at": utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                 "prices": list(prices), "candles": list(candles), "listings": listings}
        connection = pika.BlockingConnection(pika.URLParameters(self.tidemark.vhost.url))
        try:
            channel = connection.channel()
            channel.exchange_declare("tidemark.events", "fanout", durable=True)
            channel.basic_publish("tidemark.events", "", json.dumps(event).encode())
        finally:
            connection.close()
