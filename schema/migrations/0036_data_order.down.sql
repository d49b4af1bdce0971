SET LOCAL ROLE tidemark_migrate;

DROP TRIGGER data_order_add ON latest_prices;
DROP TRIGGER data_order_remove ON latest_prices;
DROP TRIGGER data_order_none ON latest_prices;
DROP TRIGGER data_order_doubted ON latest_prices;
DROP TRIGGER data_order_listed ON listings;
DROP TRIGGER data_order_ranked ON listings;
DROP TRIGGER data_order_unlisted ON listings;
DROP TRIGGER data_order_priority ON sources;
DROP FUNCTION data_order_priority();
DROP FUNCTION data_order_place();
DROP FUNCTION data_order_none();
DROP FUNCTION data_order_remove();
DROP FUNCTION data_order_add();
DROP FUNCTION data_count(smallint[], bigint[]);
DROP FUNCTION data_order_renew();
DROP TABLE data_counts;
DROP TABLE data_order;
