-- What is looked up without its project, and what a deletion looks for, is found without a look at every row.
CREATE INDEX "experiment_id_idx" ON "experiment"("id");
CREATE INDEX "verification_id_idx" ON "verification"("id");
CREATE INDEX "idempotency_key_project_id_experiment_id_idx" ON "idempotency_key"("project_id", "experiment_id");

-- Reconciliation reads what has not ended again and again; what has ended grows.
CREATE INDEX "experiment_live_idx" ON "experiment"("id") WHERE "state" NOT IN ('succeeded', 'failed', 'cancelled');
