-- Pauses and resumes that were asked for and have not taken effect: what was asked for last is done when none is left.
ALTER TABLE "experiment" ADD COLUMN "pending_requests" INTEGER NOT NULL DEFAULT 0;
UPDATE "experiment" SET "pending_requests" = 1 WHERE "requested_action" IN ('pause', 'resume');
