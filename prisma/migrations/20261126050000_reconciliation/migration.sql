-- A database that was restored gives leases out again: who holds one is told by a number that was drawn at random.
ALTER TABLE "attempt" ADD COLUMN "token" UUID NOT NULL DEFAULT gen_random_uuid();
