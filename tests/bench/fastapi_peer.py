"""
The same /simple_price as a Python team would usually write it: FastAPI, a token bucket and the
cached answer in Redis; /latest, which reads a row of PostgreSQL each time; and /median, which reads
the price of all sources that are fresh. Run by api_bench; REDIS_URL and DATABASE_URL say where.
"""
import json
import os

import asyncpg
import redis.asyncio as redis
from fastapi import FastAPI, HTTPException, Request

BUCKET = """
local burst, per_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'n', 't')
local n, at = tonumber(held[1]) or burst, tonumber(held[2]) or now
n = math.min(burst, n + (now - at) * per_ms)
if n < 1 then return 0 end
redis.call('HSET', KEYS[1], 'n', n - 1, 't', now)
redis.call('PEXPIRE', KEYS[1], 120000)
return 1
"""

LATEST = """
SELECT price, observed_at, s.name AS source
FROM latest_prices
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
JOIN sources s USING (source_id)
WHERE a.slug = $1 AND q.code = $2
ORDER BY s.priority LIMIT 1
"""

MEDIAN = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY price) AS price, count(*) AS sources, max(observed_at) AS observed_at
FROM latest_prices
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
WHERE a.slug = $1 AND q.code = $2 AND observed_at > now() - interval '15 minutes' AND doubt = 0
"""

app = FastAPI()
store = redis.from_url(os.environ["REDIS_URL"])
bucket = store.register_script(BUCKET)


@app.get("/simple_price")
async def simple_price(request: Request, assets: str, currencies: str):
    if not await bucket(keys=[f"rl:{request.client.host}"], args=[1e9, 1e6]):
        raise HTTPException(429, "too many requests")
    cached = await store.get(f"simple_price:{assets}:{currencies}")
    if cached is None:
        raise HTTPException(404, "not cached")
    return json.loads(cached)


@app.on_event("startup")
async def connect():
    if os.environ.get("DATABASE_URL"):
        app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=4, max_size=4)


@app.get("/latest")
async def latest(assets: str, currencies: str):
    row = await app.state.pool.fetchrow(LATEST, assets, currencies)
    if row is None:
        raise HTTPException(404, "unknown")
    return {assets: {currencies: float(row["price"]), "source": row["source"], "observed_at": row["observed_at"]}}


@app.get("/median")
async def median(assets: str, currencies: str):
    row = await app.state.pool.fetchrow(MEDIAN, assets, currencies)
    if row["price"] is None:
        raise HTTPException(404, "unknown")
    return {assets: {currencies: float(row["price"]), "sources": row["sources"], "observed_at": row["observed_at"]}}
