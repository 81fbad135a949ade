// The coordinator: runs the workflows, projects their states, and tells Temporal what the outbox holds.
import { hostname } from 'node:os';
import { collectRegularly } from '../src/retention/collect-regularly.ts';
import { canonicalJson } from '../src/json/canonical-json.ts';
import { projectBlobs } from '../src/storage/project-blobs.ts';
import { runDispatcher } from '../src/temporal/dispatcher.ts';
import { workerIdentity } from '../src/temporal/lost-worker.ts';
import { registerSearchAttributes } from '../src/temporal/search-attributes.ts';
import { defaultProject } from '../src/experiment/id.ts';
import { taskQueues } from '../src/experiment/name.ts';
import { createAuditActivities } from './activities/audit-histories.ts';
import { createCoordinatorActivities } from './activities/coordinator-activities.ts';
import { createVerdictActivities } from './activities/verify-activities.ts';
import { builtWorkflows, HistoryReplayer } from './replay/history-replayer.ts';
import { reconcileRegularly } from './reconciliation/reconcile-regularly.ts';
import { Reconciler } from './reconciliation/reconciler.ts';
import { untilNothingBreaks } from './replay/until-nothing-breaks.ts';
import { runWorkerProcess } from './worker-process.ts';

/** Activities here are short writes to the database, and audits, which wait for each other. */
const slots = 50;

const replayer = new HistoryReplayer(builtWorkflows);

await runWorkerProcess({
  name: 'coordinator-worker',
  taskQueue: taskQueues.coordinator,
  slots,
  options: (dependencies) => ({
    activities: {
      ...createCoordinatorActivities(dependencies),
      ...createAuditActivities(dependencies, replayer),
      ...createVerdictActivities(dependencies),
    },
    workflowBundle: builtWorkflows,
  }),
  beforePolling: ({ temporal, repositories, log, stopping }, config) =>
    untilNothingBreaks(
      {
        client: temporal,
        replayer,
        refusals: repositories.workerRefusals,
        workerId: workerIdentity(process.pid, hostname()),
        log,
      },
      config.replay,
      stopping,
    ),
  background: async ({ repositories, store, temporal, stopping, changes, log }, config) => {
    await registerSearchAttributes(temporal.connection, temporal.options.namespace, log);
    const { databaseUrl, collectionGraceSeconds: graceSeconds } = config;
    const parts = { repositories, store, databaseUrl, projectId: defaultProject, graceSeconds };
    const collecting = collectRegularly(parts, log, stopping);
    const reconciling = reconcileRegularly(
      new Reconciler({
        repository: repositories.reconciliation,
        verifications: repositories.verifications,
        client: temporal,
        store,
        log,
      }),
      { databaseUrl, intervalSeconds: config.reconcileSeconds },
      log,
      stopping,
    );
    const delivering = runDispatcher(
      {
        client: temporal,
        outbox: repositories.outbox,
        onOutbox: (callback) => changes.onOutbox(callback),
        experimentOf: (row) => repositories.experiments.get(row),
        timesOf: (row) => repositories.waste.timesOf(row),
        verificationOf: (reference) => repositories.verifications.require(reference),
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
    await Promise.all([delivering, collecting, reconciling]);
  },
});
