import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failTrainingOf, workerIdentity } from '../../src/temporal/lost-worker.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';
import { record } from '../workers/record-history.ts';
import { runScenario, statesOf, untilCancelled } from '../workers/workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const own = workerIdentity(process.pid, hostname());
const other = workerIdentity(process.pid + 1, hostname());

it('the attempt of a dead worker is ended, and the next begins without a wait; those of others are left alone', async () => {
  let attempts = 0;
  let revoked = 0;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const fineTuneBert = async () => {
    attempts += 1;
    if (attempts === 1) {
      begin();
      await untilCancelled();
    }
    return { outcome: 'completed', checkpoint: { step: 10, id: 'sha256:checkpoint' } } as const;
  };
  const revokeAttempt = () => {
    revoked += 1;
    return Promise.resolve();
  };
  await runScenario(temporal, { fineTuneBert, revokeAttempt }, async (scenario) => {
    const { workflowId } = scenario.handle;
    await begun;
    expect(await failTrainingOf(temporal.client, workflowId, other)).toBe(0);
    expect(await failTrainingOf(temporal.client, workflowId, own)).toBe(1);
    expect(await failTrainingOf(temporal.client, workflowId, other)).toBe(0);
    expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
    expect({ attempts, revoked }).toEqual({ attempts: 2, revoked: 1 });
    expect(statesOf(scenario)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
    const { events } = await temporal.client.workflow.getHandle(`${workflowId}/training`).fetchHistory();
    expect(events?.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes)).toEqual([]);
    await record('lost-worker', temporal, workflowId);
  });
});

it('there is nothing to end where Temporal does not know the experiment', async () => {
  expect(await failTrainingOf(temporal.client, 'exp_unknown', own)).toBe(0);
});
