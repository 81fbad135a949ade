// POST /experiments/{id}/audit over a real Temporal: what was recorded, stored or live, against today's code.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CoordinatorActivities } from '../../src/experiment/activity.ts';
import { defaultProject } from '../../src/experiment/id.ts';
import { taskQueues, workflowNames } from '../../src/experiment/name.ts';
import type { ExperimentAudit } from '../../src/experiment/replay.ts';
import { until } from '../../src/local/until.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { createTemporalGateway } from '../../src/temporal/gateway.ts';
import { createAuditActivities } from '../../workers/activities/audit-histories.ts';
import { HistoryReplayer } from '../../workers/replay/history-replayer.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';
import { workflowBundle } from '../workers/workflows/workflow-harness.ts';
import { call, expectProblem, startService, submitExperiment, type Service } from './fixture.ts';

let service: Service;
let temporal: TestTemporal;
let connection: Connection;
let otherBundle: { code: string };
beforeAll(async () => {
  [service, temporal] = await Promise.all([startService(), startTemporal()]);
  connection = await Connection.connect({ address: temporal.address });
  const gateway = createTemporalGateway(connection, 'default');
  service.audit = (experiment, signal) => gateway.audit(experiment, signal);
  otherBundle = await bundleWorkflowCode({
    workflowsPath: resolve(import.meta.dirname, '../workers/replay/other-workflows.ts'),
    logger: new DefaultLogger('ERROR'),
  });
});
afterAll(async () => {
  await connection.close();
  await temporal.stop();
  await service.stop();
});

const recordTransition: CoordinatorActivities['recordTransition'] = (transition) =>
  Promise.resolve(transition);
const store = (): DirectoryStore => new DirectoryStore(service.storeDirectory);
const audit = (id: string) => call(service, 'POST', `/experiments/${id}/audit`);

/** Runs `act` while a coordinator worker runs workflows by the given code, and audits by that of this build. */
async function whileCoordinating<T>(
  act: () => Promise<T>,
  bundle: NonNullable<WorkerOptions['workflowBundle']> = workflowBundle,
): Promise<T> {
  const dependencies = {
    repositories: service.repositories,
    store: store(),
    temporal: temporal.client,
    log: service.log,
  };
  const worker = await Worker.create({
    connection: temporal.connection,
    taskQueue: taskQueues.coordinator,
    workflowBundle: bundle,
    activities: {
      recordTransition,
      ...createAuditActivities(dependencies, new HistoryReplayer(workflowBundle)),
    },
  });
  return worker.runUntil(act);
}

/** Starts the workflow of an experiment and waits until it waits for an activity. */
async function beginWorkflow(experimentId: string, waitsFor: string): Promise<void> {
  const handle = await temporal.client.workflow.start(workflowNames.coordinator, {
    workflowId: experimentId,
    taskQueue: taskQueues.coordinator,
    args: [{ projectId: defaultProject, experimentId }],
  });
  const isWaiting = async (): Promise<boolean> =>
    JSON.stringify(await handle.fetchHistory()).includes(`"${waitsFor}"`);
  await until(isWaiting, { timeoutSeconds: 10, what: waitsFor });
}

describe('an audit', () => {
  it('of an experiment that has ended replays the history of every workflow that was stored', async () => {
    const id = await submitExperiment(service);
    const recording = resolve(import.meta.dirname, '../histories/paused-and-resumed.json');
    const workflows = JSON.parse(readFileSync(recording, 'utf8')) as Record<string, { events: unknown[] }[]>;
    const histories = Buffer.from(JSON.stringify({ formatVersion: 1, workflows }));
    const { sha256 } = await projectBlobs(
      store(),
      defaultProject,
      service.repositories.pins.forUpload(defaultProject),
    ).putBytes(histories);
    await service.repositories.results.setHistory({ projectId: defaultProject, experimentId: id }, sha256);
    const response = await whileCoordinating(() => audit(id));
    expect(response.statusCode).toBe(200);
    const found = response.json<ExperimentAudit>();
    expect(found).toMatchObject({ deterministic: true, source: 'stored' });
    expect(found.workflows.map(({ workflowId }) => workflowId)).toEqual(Object.keys(workflows));
    expect(new Set(found.workflows.map(({ type }) => type))).toEqual(
      new Set(['CoordinatorWorkflow', 'TrainingWorkflow', 'EvaluationWorkflow']),
    );
    const events = Object.values(workflows)
      .flat()
      .flatMap((run) => run.events);
    expect(found.events).toBe(events.length);
  });

  it('of a running one replays what is recorded so far', async () => {
    const id = await submitExperiment(service);
    const found = await whileCoordinating(async () => {
      await beginWorkflow(id, 'snapshotDataset');
      return (await audit(id)).json<ExperimentAudit>();
    });
    const { runId } = await temporal.client.workflow.getHandle(id).describe();
    expect(found).toMatchObject({
      deterministic: true,
      source: 'live',
      workflows: [{ workflowId: id, runId, type: 'CoordinatorWorkflow', reason: null }],
    });
  });

  it('says what today’s code would have done otherwise', async () => {
    const id = await submitExperiment(service);
    await whileCoordinating(() => beginWorkflow(id, 'somethingElse'), otherBundle);
    const found = await whileCoordinating(async () => (await audit(id)).json<ExperimentAudit>());
    expect(found.deterministic).toBe(false);
    expect(found.workflows[0]?.reason).toContain('somethingElse');
  });

  it('is refused where there is nothing to replay, and while Temporal is away', async () => {
    expectProblem(await audit('exp_none'), 404, 'not_found');
    const id = await submitExperiment(service);
    expectProblem(await whileCoordinating(() => audit(id)), 409, 'not_ready');
    service.temporalAnswers = false;
    expectProblem(await audit(id), 503, 'temporal_unavailable');
    service.temporalAnswers = true;
    const hasty = createTemporalGateway(connection, 'default');
    service.audit = (experiment) => hasty.audit(experiment, AbortSignal.timeout(500));
    expectProblem(await audit(id), 503, 'audit_unavailable');
  });
});
