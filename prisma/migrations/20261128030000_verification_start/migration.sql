-- When a worker took a verification up; null while it waits for one.
ALTER TABLE "verification" ADD COLUMN "started_at" TIMESTAMPTZ(3);
