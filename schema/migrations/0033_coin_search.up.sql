-- Coins are searched for by how their id, symbol or name begins, in any case.
SET LOCAL ROLE tidemark_migrate;

CREATE INDEX assets_slug_beginning ON assets (lower(slug) COLLATE "C");
CREATE INDEX assets_symbol_beginning ON assets (lower(symbol) COLLATE "C");
CREATE INDEX assets_name_beginning ON assets (lower(name) COLLATE "C");
