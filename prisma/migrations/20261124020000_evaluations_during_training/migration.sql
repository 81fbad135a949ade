-- CreateTable
CREATE TABLE "evaluation_point" (
    "project_id" TEXT NOT NULL,
    "experiment_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "value" DOUBLE PRECISION,

    CONSTRAINT "evaluation_point_pkey" PRIMARY KEY ("project_id","experiment_id","name","step")
);

-- AddForeignKey
ALTER TABLE "evaluation_point" ADD CONSTRAINT "evaluation_point_project_id_experiment_id_fkey" FOREIGN KEY ("project_id", "experiment_id") REFERENCES "experiment"("project_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
