-- name: doubts_list
-- Latest prices that something speaks against, newest first: source, asset, quote, price, doubt (its names, as JSON),
-- observed_at_ms, volume_24h, market_cap, and of its source the newest price before that nothing speaks against, of the
-- ticks that are kept, within the 7 days it would be compared with: sound_price, sound_at_ms (NULL = none); run_id,
-- payload_id. $1 source or NULL, $2 asset or NULL, $3 how many at most
SELECT s.name, a.slug, q.code, l.price, doubt_names(l.doubt)::text, (date_part('epoch', l.observed_at) * 1000)::bigint,
       l.volume_24h, l.market_cap, t.price, (date_part('epoch', t.observed_at) * 1000)::bigint, l.run_id, l.payload_id
FROM latest_prices l
JOIN sources s USING (source_id)
JOIN assets a USING (asset_id)
JOIN quotes q USING (quote_id)
LEFT JOIN LATERAL (
    SELECT t.price, t.observed_at
    FROM ticks t
    WHERE t.source_id = l.source_id AND t.asset_id = l.asset_id AND t.quote_id = l.quote_id AND t.doubt = 0
      AND t.observed_at < l.observed_at AND t.observed_at >= l.observed_at - interval '7 days'
    ORDER BY t.observed_at DESC
    LIMIT 1
) AS t ON true
WHERE l.doubt <> 0 AND ($1::text IS NULL OR s.name = $1) AND ($2::text IS NULL OR a.slug = $2)
ORDER BY l.observed_at DESC, s.name, a.slug, q.code
LIMIT $3::bigint
