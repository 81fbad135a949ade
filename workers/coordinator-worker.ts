// The coordinator: runs the workflows, projects their states, and tells Temporal what the outbox holds.
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../src/storage/canonical-json.ts';
import { projectBlobs } from '../src/storage/project-blobs.ts';
import { runDispatcher } from '../src/temporal/dispatcher.ts';
import { defaultProject } from '../src/experiment/id.ts';
import { taskQueues } from '../src/experiment/name.ts';
import { createCoordinatorActivities } from './activities/coordinator-activities.ts';
import { collectRegularly } from './collect-regularly.ts';
import { runWorkerProcess } from './worker-process.ts';

/** Activities here are short writes to the database. */
const slots = 50;

await runWorkerProcess({
  name: 'coordinator-worker',
  taskQueue: taskQueues.coordinator,
  slots,
  options: (dependencies) => ({
    activities: createCoordinatorActivities(dependencies),
    workflowBundle: { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) },
  }),
  background: async ({ repositories, store, temporal, stopping, changes, collection, log }) => {
    const { databaseUrl, collectionGraceSeconds: graceSeconds } = collection;
    const parts = { repositories, store, databaseUrl, projectId: defaultProject, graceSeconds };
    const collecting = collectRegularly(parts, log, stopping);
    await runDispatcher(
      {
        client: temporal,
        outbox: repositories.outbox,
        onOutbox: (callback) => changes.onOutbox(callback),
        stateOf: async (row) => (await repositories.experiments.get(row))?.state,
        endWithoutWorkflow: (row) => repositories.transitions.endWithoutWorkflow(row, 'cancelled'),
        async keepHistories({ projectId, experimentId }, histories) {
          const blobs = projectBlobs(store, projectId, repositories.pins.forUpload(projectId));
          const { sha256 } = await blobs.putBytes(Buffer.from(canonicalJson(histories)));
          await repositories.results.setHistory({ projectId, experimentId }, sha256);
        },
        log,
      },
      stopping,
    );
    await collecting;
  },
});
