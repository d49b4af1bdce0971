SET LOCAL ROLE tidemark_migrate;

DROP TRIGGER leader_price_periods ON leader;
DROP TRIGGER schedules_price_periods ON schedules;
DROP FUNCTION price_periods_keep();
ALTER TABLE sources DROP COLUMN price_period_s;
