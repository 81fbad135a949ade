-- How often a row was claimed: whoever claimed it before the last time holds it no more.
ALTER TABLE "outbox" ADD COLUMN "claims" INTEGER NOT NULL DEFAULT 0;
