SET LOCAL ROLE tidemark_migrate;

DROP TRIGGER listing_order_inserted ON latest_prices;
DROP TRIGGER listing_order_updated ON latest_prices;
DROP TRIGGER listing_order_deleted ON latest_prices;
DROP TRIGGER listing_order_inserted ON listings;
DROP TRIGGER listing_order_updated ON listings;
DROP TRIGGER listing_order_updated ON assets;
DROP FUNCTION listing_order_of_prices();
DROP FUNCTION listing_order_of_listings();
DROP FUNCTION listing_order_of_assets();
DROP FUNCTION listing_order_of_deleted();
DROP FUNCTION listing_order_renew(integer[], smallint[]);
DROP INDEX latest_prices_source;
DROP VIEW listing_rows;
DROP VIEW listing_sources;
DROP VIEW listing_numbers;
DROP VIEW listing_texts;
DROP TABLE listing_order;
