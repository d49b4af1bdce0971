-- What prices are of: sources, quote currencies, assets, and each source's own names for them.
SET LOCAL ROLE tidemark_migrate;

CREATE TABLE sources (
    source_id smallint PRIMARY KEY,
    name      text     NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z0-9_]{0,31}$'),
    kind      text     NOT NULL CHECK (kind IN ('exchange', 'aggregator', 'file')),
    priority  smallint NOT NULL,
    enabled   boolean  NOT NULL DEFAULT true
);
COMMENT ON COLUMN sources.priority IS 'lower is preferred among sources that are equally fresh';

INSERT INTO sources (source_id, name, kind, priority) VALUES
    (1, 'coingecko', 'aggregator', 30),
    (2, 'binance',   'exchange',   20),
    (3, 'coinbase',  'exchange',   10),
    (4, 'csv',       'file',       90);

CREATE TABLE quotes (
    quote_id smallint PRIMARY KEY,
    code     text     NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]{2,10}$'),
    name     text     NOT NULL,
    kind     text     NOT NULL CHECK (kind IN ('fiat', 'stable', 'crypto'))
);
COMMENT ON TABLE quotes IS 'the currencies that may be asked for; usd, usdt and usdc are not the same';

INSERT INTO quotes (quote_id, code, name, kind) VALUES
    (1,  'usd',   'US Dollar',         'fiat'),
    (2,  'eur',   'Euro',              'fiat'),
    (3,  'gbp',   'British Pound',     'fiat'),
    (4,  'jpy',   'Japanese Yen',      'fiat'),
    (5,  'chf',   'Swiss Franc',       'fiat'),
    (6,  'cad',   'Canadian Dollar',   'fiat'),
    (7,  'aud',   'Australian Dollar', 'fiat'),
    (8,  'nzd',   'New Zealand Dollar', 'fiat'),
    (9,  'cny',   'Chinese Yuan',      'fiat'),
    (10, 'hkd',   'Hong Kong Dollar',  'fiat'),
    (11, 'sgd',   'Singapore Dollar',  'fiat'),
    (12, 'krw',   'South Korean Won',  'fiat'),
    (13, 'inr',   'Indian Rupee',      'fiat'),
    (14, 'brl',   'Brazilian Real',    'fiat'),
    (15, 'mxn',   'Mexican Peso',      'fiat'),
    (16, 'try',   'Turkish Lira',      'fiat'),
    (17, 'zar',   'South African Rand', 'fiat'),
    (18, 'sek',   'Swedish Krona',     'fiat'),
    (19, 'nok',   'Norwegian Krone',   'fiat'),
    (20, 'dkk',   'Danish Krone',      'fiat'),
    (21, 'pln',   'Polish Zloty',      'fiat'),
    (22, 'czk',   'Czech Koruna',      'fiat'),
    (50, 'usdt',  'Tether',            'stable'),
    (51, 'usdc',  'USD Coin',          'stable'),
    (52, 'dai',   'Dai',               'stable'),
    (53, 'busd',  'Binance USD',       'stable'),
    (54, 'fdusd', 'First Digital USD', 'stable'),
    (55, 'tusd',  'TrueUSD',           'stable'),
    (80, 'btc',   'Bitcoin',           'crypto'),
    (81, 'eth',   'Ether',             'crypto'),
    (82, 'bnb',   'BNB',               'crypto');

CREATE TABLE assets (
    asset_id   integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug       text        NOT NULL UNIQUE CHECK (slug <> '' AND length(slug) <= 100),
    symbol     text        NOT NULL CHECK (symbol = upper(symbol) AND length(symbol) <= 100),
    name       text        NOT NULL CHECK (length(name) <= 200),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX assets_symbol ON assets (symbol);
COMMENT ON COLUMN assets.slug IS 'the id in URLs, spelled as CoinGecko spells it: bitcoin';

CREATE TABLE instruments (
    source_id  smallint    NOT NULL REFERENCES sources,
    symbol     text        NOT NULL CHECK (symbol <> '' AND length(symbol) <= 120),
    asset_id   integer     NOT NULL REFERENCES assets,
    quote_id   smallint    NOT NULL REFERENCES quotes,
    status     text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source_id, symbol)
);
CREATE INDEX instruments_asset ON instruments (asset_id, quote_id);
COMMENT ON TABLE instruments IS 'what a source calls a market: binance BTCUSDT is bitcoin in usdt';

GRANT SELECT ON sources, quotes, assets, instruments
    TO tidemark_worker, tidemark_scheduler, tidemark_api;
GRANT INSERT ON assets, instruments TO tidemark_worker;
GRANT UPDATE (symbol, name) ON assets TO tidemark_worker;
GRANT INSERT, UPDATE ON sources, assets, instruments TO tidemark_operator;
