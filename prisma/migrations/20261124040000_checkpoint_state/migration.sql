-- What a checkpoint is without its memory of evaluations: one that is made again after an evaluation that was due may replace it.
ALTER TABLE "checkpoint" ADD COLUMN "state_sha256" TEXT NOT NULL DEFAULT '';
