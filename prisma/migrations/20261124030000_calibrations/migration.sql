-- CreateTable
CREATE TABLE "calibration" (
    "host" TEXT NOT NULL,
    "sizes_sha256" TEXT NOT NULL,
    "processor" TEXT NOT NULL,
    "threads" INTEGER NOT NULL,
    "provider" TEXT NOT NULL,
    "onnxruntime_version" TEXT NOT NULL,
    "memory_limit_bytes" BIGINT NOT NULL,
    "workload" JSONB NOT NULL,
    "step_seconds" DOUBLE PRECISION NOT NULL,
    "slots_per_step" DOUBLE PRECISION NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "calibration_pkey" PRIMARY KEY ("host","sizes_sha256","threads","provider")
);

-- CreateIndex
CREATE INDEX "calibration_recorded_at_idx" ON "calibration"("recorded_at" DESC);
