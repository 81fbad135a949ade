-- The ledger in chunks of up to 64 packed steps, and its segments with the numeric profile that they were computed on.
CREATE TABLE "ledger_segment" (
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "segment" INTEGER NOT NULL,
    "profile" JSONB NOT NULL,

    CONSTRAINT "ledger_segment_pkey" PRIMARY KEY ("project_id","experiment_id","segment")
);

ALTER TABLE "ledger_segment" ADD CONSTRAINT "ledger_segment_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE "ledger_chunk" (
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "from_step" INTEGER NOT NULL,
    "lease" INTEGER NOT NULL,
    "segment" INTEGER NOT NULL,
    "records" BYTEA NOT NULL,

    CONSTRAINT "ledger_chunk_pkey" PRIMARY KEY ("project_id","experiment_id","from_step")
);

-- Chunks grow in place: room on their pages keeps the versions that this leaves behind from adding up.
ALTER TABLE "ledger_chunk" SET (fillfactor = 50);

ALTER TABLE "ledger_chunk" ADD CONSTRAINT "ledger_chunk_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

INSERT INTO "ledger_segment" ("project_id", "experiment_id", "segment", "profile")
SELECT DISTINCT ON ("project_id", "experiment_id", "segment") "project_id", "experiment_id", "segment", "profile"
FROM "attempt" WHERE "profile" IS NOT NULL
ORDER BY "project_id", "experiment_id", "segment", "lease";

-- Consecutive steps of one lease and segment, 64 at a time.
INSERT INTO "ledger_chunk" ("project_id", "experiment_id", "from_step", "lease", "segment", "records")
SELECT "project_id", "experiment_id", min("step"), "lease", "segment",
    string_agg(int4send("loss_bits") || int4send("gradient_norm_bits") || float8send("learning_rate") || int4send("examples"),
        ''::bytea ORDER BY "step")
FROM (
    SELECT *, ("step" - min("step") OVER (PARTITION BY "project_id", "experiment_id", "lease", "segment", "island")) / 64 AS "part"
    FROM (
        SELECT *, "step" - row_number() OVER (PARTITION BY "project_id", "experiment_id", "lease", "segment" ORDER BY "step") AS "island"
        FROM "ledger_step"
    ) AS "islands"
) AS "parts"
GROUP BY "project_id", "experiment_id", "lease", "segment", "island", "part";

DROP TABLE "ledger_step";
