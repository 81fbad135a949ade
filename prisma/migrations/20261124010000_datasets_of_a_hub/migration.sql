-- An experiment on a dataset of a hub has no dataset of ours before it is prepared.
ALTER TABLE "experiment" ALTER COLUMN "dataset_id" DROP NOT NULL;
