-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "dataset" (
    "project_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "splits" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("project_id","id")
);

-- CreateTable
CREATE TABLE "model" (
    "project_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "architecture" TEXT NOT NULL,
    "parameters" BIGINT NOT NULL,
    "ignored" JSON NOT NULL,
    "config" JSON NOT NULL,
    "blobs" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_pkey" PRIMARY KEY ("project_id","id")
);

-- CreateTable
CREATE TABLE "experiment" (
    "project_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "tags" TEXT[],
    "spec" JSONB NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "model_id" TEXT,
    "state" TEXT NOT NULL,
    "state_sequence" INTEGER NOT NULL DEFAULT 0,
    "requested_action" TEXT,
    "error" JSONB,
    "progress" JSONB,
    "snapshot" JSONB,
    "evaluation" JSONB,
    "report_sha256" TEXT,
    "history_sha256" TEXT,
    "lease" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 1,
    "event_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "experiment_pkey" PRIMARY KEY ("project_id","id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "project_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "body_sha256" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "response" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("project_id","key")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "not_before" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "lease" INTEGER NOT NULL,
    "phase" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "provider" TEXT,
    "threads" INTEGER,
    "profile" JSONB,
    "segment" INTEGER NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),
    "cause" TEXT,
    "message" TEXT,
    "start_step" INTEGER,
    "steps_done" INTEGER NOT NULL DEFAULT 0,
    "steps_repeated" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("project_id","experiment_id","lease")
);

-- CreateTable
CREATE TABLE "checkpoint" (
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "manifest" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "lease" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "checkpoint_pkey" PRIMARY KEY ("project_id","experiment_id","step")
);

-- CreateTable
CREATE TABLE "ledger_step" (
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "loss_bits" INTEGER NOT NULL,
    "gradient_norm_bits" INTEGER NOT NULL,
    "learning_rate" DOUBLE PRECISION NOT NULL,
    "examples" INTEGER NOT NULL,
    "lease" INTEGER NOT NULL,
    "segment" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "ledger_step_pkey" PRIMARY KEY ("project_id","experiment_id","step")
);

-- CreateTable
CREATE TABLE "event" (
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_pkey" PRIMARY KEY ("project_id","experiment_id","number")
);

-- CreateIndex
CREATE UNIQUE INDEX "dataset_project_id_sha256_key" ON "dataset"("project_id", "sha256");

-- CreateIndex
CREATE UNIQUE INDEX "model_project_id_sha256_key" ON "model"("project_id", "sha256");

-- CreateIndex
CREATE INDEX "experiment_project_id_created_at_id_idx" ON "experiment"("project_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "experiment_project_id_state_idx" ON "experiment"("project_id", "state");

-- CreateIndex
CREATE INDEX "idempotency_key_created_at_idx" ON "idempotency_key"("created_at");

-- CreateIndex
CREATE INDEX "outbox_project_id_experiment_id_id_idx" ON "outbox"("project_id", "experiment_id", "id");

-- CreateIndex
CREATE INDEX "outbox_not_before_idx" ON "outbox"("not_before");

-- AddForeignKey
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkpoint" ADD CONSTRAINT "checkpoint_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ledger_step" ADD CONSTRAINT "ledger_step_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "event" ADD CONSTRAINT "event_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;


