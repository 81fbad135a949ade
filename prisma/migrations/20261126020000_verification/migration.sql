-- Verifications: spans of an experiment's training that are computed again, and what that showed.
CREATE TABLE "verification" (
    "project_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "from_step" INTEGER NOT NULL,
    "to_step" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'running',
    "first_different_step" INTEGER,
    "reason" TEXT,
    "host" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "verification_pkey" PRIMARY KEY ("project_id","id")
);

CREATE INDEX "verification_project_id_experiment_id_id_idx" ON "verification"("project_id", "experiment_id", "id");

ALTER TABLE "verification" ADD CONSTRAINT "verification_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What of its experiment a message is about: the id of a verification.
ALTER TABLE "outbox" ADD COLUMN "subject" TEXT;
