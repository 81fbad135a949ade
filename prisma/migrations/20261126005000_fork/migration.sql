-- What an experiment took over from others: steps, and the settings that they were made with.
ALTER TABLE "experiment" ADD COLUMN "lineage" JSONB NOT NULL DEFAULT '[]';
