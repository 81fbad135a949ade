-- What is open on a machine is found without a look at all that has ended.
CREATE INDEX "attempt_open_host_idx" ON "attempt"("host") WHERE "ended_at" IS NULL;
CREATE INDEX "verification_running_host_idx" ON "verification"("host") WHERE "state" = 'running';

-- In the order of the list.
DROP INDEX "verification_project_id_experiment_id_id_idx";
CREATE INDEX "verification_project_id_experiment_id_created_at_id_idx" ON "verification"("project_id", "experiment_id", "created_at" DESC, "id" DESC);
