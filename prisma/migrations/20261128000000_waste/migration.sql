-- Where the time of an attempt went: what its worker measured up to the last write, and what the database saw.
ALTER TABLE "attempt"
    ADD COLUMN "restored_at" TIMESTAMPTZ(3),
    ADD COLUMN "recorded_step" INTEGER,
    ADD COLUMN "useful_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN "repeated_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN "checkpoint_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN "evaluation_seconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    ADD COLUMN "refused_at" TIMESTAMPTZ(3);
