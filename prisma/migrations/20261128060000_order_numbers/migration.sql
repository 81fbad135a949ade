-- By which a workflow tells orders that come late: greater with each order of an experiment, also after the database was restored.
ALTER TABLE "experiment" ADD COLUMN "last_order" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "outbox" ADD COLUMN "order_number" BIGINT;
