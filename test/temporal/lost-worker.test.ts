import { hostname } from 'node:os';
import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { signalNames } from '../../src/experiment/name.ts';
import { failActivitiesOf, workerIdentity } from '../../src/temporal/lost-worker.ts';
import { whileWaiting } from '../../src/waiting/while-waiting.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';
import { record } from '../workers/workflows/record-history.ts';
import { runScenario, statesOf, untilCancelled } from '../workers/workflows/workflow-harness.ts';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const own = workerIdentity(process.pid, hostname());
const other = workerIdentity(process.pid + 1, hostname());

/** Signals a workflow 1.5 MB: from 4 MiB on the server suggests that it goes on in another run. */
async function fillHistory(workflowId: string): Promise<void> {
  const handle = temporal.client.workflow.getHandle(workflowId);
  const notice = { checkpoint: null, longestRunSeconds: null, filling: 'x'.repeat(500_000) };
  for (let sent = 0; sent < 3; sent += 1) await handle.signal(signalNames.checkpointCommitted, notice);
}

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
    expect(await failActivitiesOf(temporal.client, workflowId, [other])).toBe(0);
    expect(await failActivitiesOf(temporal.client, workflowId, [own])).toBe(1);
    expect(await failActivitiesOf(temporal.client, workflowId, [other])).toBe(0);
    expect(await scenario.handle.result()).toMatchObject({ state: 'succeeded' });
    expect({ attempts, revoked }).toEqual({ attempts: 2, revoked: 1 });
    expect(statesOf(scenario)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
    const { events } = await temporal.client.workflow.getHandle(`${workflowId}/training`).fetchHistory();
    expect(events?.filter(({ timerStartedEventAttributes }) => timerStartedEventAttributes)).toEqual([]);
    await record('lost-worker', temporal, workflowId);
  });
});

it('the attempt is ended also where the training has gone on in another run', async () => {
  const runIds = new Set<string>();
  let isLost = false;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const fineTuneBert = async () => {
    const context = Context.current();
    const { workflowId = '', runId = '' } = context.info.workflowExecution ?? {};
    runIds.add(runId);
    if (runIds.size === 1) {
      await whileWaiting(() => context.heartbeat(), fillHistory(workflowId));
      return { outcome: 'handedBack', checkpoint: null } as const;
    }
    if (!isLost) {
      isLost = true;
      begin();
      await untilCancelled();
    }
    return { outcome: 'completed', checkpoint: { step: 10, id: 'sha256:checkpoint' } } as const;
  };
  await runScenario(temporal, { fineTuneBert }, async ({ handle }) => {
    await begun;
    expect(await failActivitiesOf(temporal.client, handle.workflowId, [own])).toBe(1);
    expect(await handle.result()).toMatchObject({ state: 'succeeded' });
    expect(runIds.size).toBe(2);
  });
}, 120_000);

it.each(['snapshotDataset', 'evaluateBert'] as const)('so is the attempt of %s', async (activity) => {
  let attempts = 0;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const attempt = async () => {
    attempts += 1;
    if (attempts === 1) {
      begin();
      await untilCancelled();
    }
    return {
      sha256: 'sha256:snapshot',
      totalSteps: 10,
      stepSeconds: 0.1,
      evaluationBatchSeconds: 0.1,
      evaluationSha256: 'sha256:evaluation',
    };
  };
  await runScenario(temporal, { [activity]: attempt }, async ({ handle }) => {
    await begun;
    expect(await failActivitiesOf(temporal.client, handle.workflowId, [other])).toBe(0);
    expect(await failActivitiesOf(temporal.client, handle.workflowId, [own])).toBe(1);
    expect(await handle.result()).toMatchObject({ state: 'succeeded' });
    expect(attempts).toBe(2);
  });
});

it.each(['the attempt', 'the child that had it'])(
  '%s may be gone between the look and the end',
  async (gone) => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let isFirst = true;
    const snapshotDataset = async () => {
      if (isFirst && gone === 'the attempt') {
        isFirst = false;
        begin();
        await untilCancelled();
      }
      return { sha256: 'sha256:s', totalSteps: 10, stepSeconds: 0.1, evaluationBatchSeconds: 0.1 };
    };
    const fineTuneBert = async () => {
      if (isFirst) {
        isFirst = false;
        begin();
        await untilCancelled();
      }
      return { outcome: 'completed', checkpoint: { step: 10, id: 'sha256:checkpoint' } } as const;
    };
    await runScenario(temporal, { snapshotDataset, fineTuneBert }, async ({ handle }) => {
      await begun;
      const { activity, workflow } = temporal.client;
      const fail = activity.fail.bind(activity) as (...parameters: unknown[]) => Promise<void>;
      const getHandle = workflow.getHandle.bind(workflow);
      const failing = vi.spyOn(activity, 'fail').mockImplementation(async (...parameters: unknown[]) => {
        await fail(...parameters);
        await fail(...parameters);
      });
      const asking = vi.spyOn(workflow, 'getHandle').mockImplementation((id) => {
        const isChild = id !== handle.workflowId;
        return getHandle(isChild ? 'forgotten' : id);
      });
      try {
        expect(await failActivitiesOf(temporal.client, handle.workflowId, [own])).toBe(0);
        expect(failing).toHaveBeenCalledTimes(gone === 'the attempt' ? 1 : 0);
        expect(asking).toHaveBeenCalledWith(
          gone === 'the attempt' ? handle.workflowId : `${handle.workflowId}/training`,
        );
      } finally {
        vi.restoreAllMocks();
      }
      await failActivitiesOf(temporal.client, handle.workflowId, [own]);
      expect(await handle.result()).toMatchObject({ state: 'succeeded' });
    });
  },
);

it('there is nothing to end where Temporal does not know the experiment', async () => {
  expect(await failActivitiesOf(temporal.client, 'exp_unknown', [own])).toBe(0);
});
