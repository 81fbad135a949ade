-- What keeps blobs and checkpoints from being removed, and what asks for it.
ALTER TABLE "checkpoint" ADD COLUMN "needs_steps" INTEGER[] DEFAULT ARRAY[]::INTEGER[];

CREATE TABLE "blob_pin" (
  "project_id" TEXT NOT NULL,
  "sha256" TEXT NOT NULL,
  "holder" TEXT NOT NULL,
  "expires_at" TIMESTAMPTZ(3),
  CONSTRAINT "blob_pin_pkey" PRIMARY KEY ("project_id", "sha256", "holder")
);
CREATE INDEX "blob_pin_project_id_holder_idx" ON "blob_pin" ("project_id", "holder");

CREATE TABLE "checkpoint_pin" (
  "project_id" TEXT NOT NULL,
  "experiment_id" TEXT NOT NULL,
  "step" INTEGER NOT NULL,
  "pinned_by" TEXT NOT NULL,
  CONSTRAINT "checkpoint_pin_pkey" PRIMARY KEY ("project_id", "experiment_id", "step", "pinned_by"),
  CONSTRAINT "checkpoint_pin_project_id_pinned_by_fkey" FOREIGN KEY ("project_id", "pinned_by")
    REFERENCES "experiment" ("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "checkpoint_pin_project_id_pinned_by_idx" ON "checkpoint_pin" ("project_id", "pinned_by");

CREATE INDEX "experiment_project_id_dataset_id_idx" ON "experiment" ("project_id", "dataset_id");
CREATE INDEX "experiment_project_id_model_id_idx" ON "experiment" ("project_id", "model_id");

-- Experiments under way that begin with another's checkpoint.
INSERT INTO "checkpoint_pin" ("project_id", "experiment_id", "step", "pinned_by")
SELECT "project_id", "spec" -> 'model' ->> 'experiment', ("spec" -> 'model' ->> 'step')::int, "id"
FROM "experiment"
WHERE "spec" -> 'model' ->> 'experiment' IS NOT NULL AND "spec" -> 'model' ->> 'step' IS NOT NULL
  AND "state" NOT IN ('succeeded', 'failed', 'cancelled');
