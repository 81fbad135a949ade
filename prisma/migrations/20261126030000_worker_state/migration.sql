-- Workers that are up and do not poll, because today's code would break running workflows.
CREATE TABLE "worker_refusal" (
    "worker_id" TEXT NOT NULL,
    "workflows" JSON NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "worker_refusal_pkey" PRIMARY KEY ("worker_id")
);
CREATE INDEX "worker_refusal_last_seen_at_idx" ON "worker_refusal"("last_seen_at" DESC);
