import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ChangeFeed } from '../../src/database/change-feed.ts';
import { addToOutbox, type OutboxRow } from '../../src/database/outbox.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import type { ExperimentWorkflowInput } from '../../src/experiment/workflow.ts';
import { freePort } from '../../src/local/free-port.ts';
import { until } from '../../src/local/until.ts';
import { createLogger } from '../../src/log.ts';
import { runDispatcher, type DispatcherDependencies } from '../../src/temporal/dispatcher.ts';
import { createTemporalGateway } from '../../src/temporal/gateway.ts';
import { whileClaimHeld } from '../../src/temporal/held-claim.ts';
import type { ExperimentHistories } from '../../src/temporal/history.ts';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { specOf, submit, useDatabase } from '../database/fixture.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';

const opened = useDatabase();
let temporal: TestTemporal;
let changes: ChangeFeed;
const kept = new Map<string, ExperimentHistories>();
beforeAll(async () => {
  temporal = await startTemporal();
  changes = new ChangeFeed(opened.url);
  changes.start();
});
afterAll(async () => {
  await changes.stop();
  await temporal.stop();
});

/** A network in which whatever is sent to Temporal takes so much longer. */
async function slowNetwork(milliseconds: number): Promise<{ address: string; close: () => void }> {
  const [host, port] = temporal.address.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [near, far].forEach((each) => each.destroy()));
    }
    near.on('data', (bytes) => setTimeout(() => far.write(bytes), milliseconds));
    far.pipe(near);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Runs `act` while as many dispatchers as asked for deliver what the outbox holds. */
async function whileDispatching<T>(
  count: number,
  act: () => Promise<T>,
  client = temporal.client,
  changed: Partial<DispatcherDependencies> = {},
): Promise<T> {
  const { outbox, experiments, transitions, verifications, waste } = opened.repositories;
  const dependencies: DispatcherDependencies = {
    client,
    outbox,
    onOutbox: (callback) => changes.onOutbox(callback),
    experimentOf: (row) => experiments.get(row),
    timesOf: (row) => waste.timesOf(row),
    verificationOf: (reference) => verifications.require(reference),
    endWithoutWorkflow: (row) => transitions.endWithoutWorkflow(row, 'cancelled'),
    keepHistories: (row, histories) => {
      kept.set(row.experimentId, histories);
      return Promise.resolve();
    },
    log: createLogger('test', 'silent'),
    ...changed,
  };
  const stopping = new AbortController();
  const running = Array.from({ length: count }, () => runDispatcher(dependencies, stopping.signal));
  try {
    return await act();
  } finally {
    stopping.abort();
    await Promise.all(running);
  }
}

const delivered = (): Promise<void> =>
  until(async () => (await opened.repositories.outbox.secondsUntilDue()) === undefined, {
    timeoutSeconds: 15,
    what: 'the outbox',
  });

async function runsOf(workflowId: string): Promise<number> {
  let count = 0;
  for await (const _run of temporal.client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    count += 1;
  return count;
}

/** What a workflow was signalled, in order. */
async function signalsOf(handle: WorkflowHandle): Promise<readonly { name: string; id: unknown }[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal
      ? {
          name: signal.signalName ?? '',
          id: defaultPayloadConverter.fromPayload(signal.input?.payloads?.[0] ?? {}),
        }
      : [],
  );
}

async function inputOf(handle: WorkflowHandle): Promise<ExperimentWorkflowInput> {
  const { events } = await handle.fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0] ?? {};
  return defaultPayloadConverter.fromPayload<ExperimentWorkflowInput>(payload);
}

const stateOf = async (reference: ExperimentReference) =>
  (await opened.repositories.experiments.require(reference)).state;

describe('the dispatcher', () => {
  it('starts the workflow of every experiment once, also when several deliver and a confirmation was lost', async () => {
    const references = await Promise.all(Array.from({ length: 12 }, () => submit(opened.repositories)));
    await whileDispatching(3, delivered);
    const first = references[0]!;
    // The delivery whose confirmation was lost: the row is there again, and the workflow too.
    await opened.database.run((queries) => queries.outbox.create({ data: { ...first, kind: 'start' } }));
    await whileDispatching(2, delivered);
    const isListed = async (): Promise<boolean> => (await runsOf(references.at(-1)!.experimentId)) > 0;
    await until(isListed, { timeoutSeconds: 10, what: 'the list of workflows' });
    expect(await Promise.all(references.map(({ experimentId }) => runsOf(experimentId)))).toEqual(
      references.map(() => 1),
    );
    const description = await temporal.client.workflow.getHandle(first.experimentId).describe();
    expect(description.taskQueue).toBe(taskQueues.coordinator);
  });

  it('is woken by a new row instead of waiting for its next look', async () => {
    await whileDispatching(1, async () => {
      const began = Date.now();
      await submit(opened.repositories);
      await delivered();
      expect(Date.now() - began).toBeLessThan(2000);
    });
  });

  it('goes on with other experiments while one is slow', async () => {
    const slow = await submit(opened.repositories);
    for (let other = 0; other < 12; other += 1) await submit(opened.repositories);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const experimentOf: DispatcherDependencies['experimentOf'] = async (row) => {
      if (row.experimentId === slow.experimentId) await released;
      return opened.repositories.experiments.get(row);
    };
    const areLeft = async (): Promise<string[]> => {
      const rows = await opened.database.run((queries) => queries.outbox.findMany());
      return rows.map(({ experimentId }) => experimentId);
    };
    const act = async (): Promise<void> => {
      await until(async () => (await areLeft()).length === 1, { timeoutSeconds: 15, what: 'the others' });
      expect(await areLeft()).toEqual([slow.experimentId]);
      release();
      await delivered();
    };
    await whileDispatching(1, act, temporal.client, { experimentOf });
  });

  it('never starts an experiment that has ended', async () => {
    const reference = await submit(opened.repositories);
    await opened.repositories.transitions.endWithoutWorkflow(reference, 'cancelled');
    await whileDispatching(1, delivered);
    expect(await runsOf(reference.experimentId)).toBe(0);
    expect(kept.has(reference.experimentId)).toBe(false);
  });

  it('ends an experiment whose workflow was terminated, once its user cancels it', async () => {
    const reference = await submit(opened.repositories);
    await whileDispatching(1, async () => {
      await delivered();
      await temporal.client.workflow.getHandle(reference.experimentId).terminate();
      await opened.repositories.requests.request(reference, 'cancel');
      await until(async () => (await stateOf(reference)) === 'cancelled', {
        timeoutSeconds: 10,
        what: 'the end',
      });
      await delivered();
    });
    const history = kept.get(reference.experimentId)?.workflows[reference.experimentId]?.[0];
    expect(history?.events.length).toBeGreaterThan(1);
  });

  it('stores a history whose reading takes many calls, longer in all than one may take', async () => {
    const reference = await submit(opened.repositories);
    const { experimentId } = reference;
    await whileDispatching(1, delivered);
    const handle = temporal.client.workflow.getHandle(experimentId);
    const signals = 1200;
    for (let sent = 0; sent < signals; sent += 100)
      await Promise.all(Array.from({ length: 100 }, () => handle.signal('unknown', sent)));
    await handle.terminate();
    await opened.repositories.transitions.endWithoutWorkflow(reference, 'cancelled');
    const network = await slowNetwork(2000);
    const slow = await Connection.connect({ address: network.address });
    const renew = vi.spyOn(opened.repositories.outbox, 'renew');
    const isKept = (): Promise<boolean> => Promise.resolve(kept.has(experimentId));
    try {
      await whileDispatching(
        1,
        () => until(isKept, { timeoutSeconds: 60, what: 'the history' }),
        new Client({ connection: slow }),
      );
    } finally {
      await slow.close();
      network.close();
    }
    const [run] = kept.get(experimentId)?.workflows[experimentId] ?? [];
    expect(run?.events.length).toBeGreaterThan(signals);
    expect(renew).toHaveBeenCalled();
  }, 120_000);

  it('keeps a start for later while Temporal does not answer, and says so', async () => {
    const reference = await submit(opened.repositories);
    const isDelayed = async (): Promise<boolean> =>
      (await opened.repositories.experiments.require(reference)).startDelayed;
    const nobody = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
    await whileDispatching(
      1,
      () => until(isDelayed, { timeoutSeconds: 20, what: 'the delay' }),
      new Client({ connection: nobody }),
    );
    await nobody.close();
    expect(await stateOf(reference)).toBe('queued');
    await whileDispatching(1, delivered);
    expect(await isDelayed()).toBe(false);
    const description = await temporal.client.workflow.getHandle(reference.experimentId).describe();
    expect(description.status.name).toBe('RUNNING');
  });
});

describe('a dispatcher that stood still after its claim, while another delivered', () => {
  /** Lets a dispatcher claim the next row and stand still until `meanwhile` is over and its claim has run out. */
  async function whileOneStandsStill(meanwhile: () => Promise<void>): Promise<void> {
    const { outbox } = opened.repositories;
    let claimed: () => void = () => undefined;
    const isClaimed = new Promise<void>((resolve) => (claimed = resolve));
    let goOn: () => void = () => undefined;
    const goesOn = new Promise<void>((resolve) => (goOn = resolve));
    const standing: DispatcherDependencies['outbox'] = {
      claim: async () => {
        const row = await outbox.claim();
        if (row === undefined) return row;
        claimed();
        await goesOn;
        return row;
      },
      renew: (row) => outbox.renew(row),
      secondsUntilDue: () => outbox.secondsUntilDue(),
      delivered: (row) => outbox.delivered(row),
      postpone: (row, error, delaySeconds) => outbox.postpone(row, error, delaySeconds),
    };
    const act = async (): Promise<void> => {
      await isClaimed;
      await opened.database.run(
        (queries) => queries.$executeRaw`UPDATE outbox SET not_before = not_before - interval '31 s'`,
      );
      await whileDispatching(1, meanwhile).finally(goOn);
    };
    await whileDispatching(1, act, temporal.client, { outbox: standing });
  }

  const started = async (): Promise<ExperimentReference> => {
    const reference = await submit(opened.repositories);
    await whileDispatching(1, delivered);
    return reference;
  };

  it('leaves a workflow alone that was started again and signalled since', async () => {
    const reference = await started();
    const handle = temporal.client.workflow.getHandle(reference.experimentId);
    const { runId: firstRunId } = await handle.describe();
    await opened.database.run((queries) => addToOutbox(queries, reference, 'restart'));
    let runId = '';
    await whileOneStandsStill(async () => {
      await opened.repositories.requests.request(reference, 'pause');
      await delivered();
      ({ runId } = await handle.describe());
    });
    expect(runId).not.toBe(firstRunId);
    expect(await handle.describe()).toMatchObject({ runId, status: { name: 'RUNNING' } });
    expect((await signalsOf(handle)).map(({ name }) => name)).toEqual(['pause']);
  });

  it('signals with an id below that of the later signal, and above that of the start', async () => {
    const reference = await started();
    const { requests } = opened.repositories;
    await requests.request(reference, 'pause');
    await whileOneStandsStill(async () => {
      await requests.request(reference, 'resume');
      await delivered();
    });
    const handle = temporal.client.workflow.getHandle(reference.experimentId);
    const signals = await signalsOf(handle);
    expect(signals.map(({ name }) => name)).toEqual(['pause', 'resume', 'pause']);
    const [pause, resume, late] = signals.map(({ id }) => id as number);
    expect(late).toBe(pause);
    expect(resume).toBeGreaterThan(late!);
    expect(late).toBeGreaterThan((await inputOf(handle)).orderNumber ?? Infinity);
  });

  it.each<[string, { now: () => number }]>([
    ['steady clock', performance],
    ['wall clock', Date],
  ])(
    'sends nothing where the time of the call, by the %s, is over after the claim was renewed',
    async (_name, clock) => {
      const { outbox } = opened.repositories;
      await submit(opened.repositories);
      const row = await outbox.claim();
      const ask = vi.fn(() => temporal.client.workflowService.getSystemInfo({}));
      const renew = async (renewed: OutboxRow): Promise<boolean> => {
        const isHeld = await outbox.renew(renewed);
        const soon = clock.now() + 10_001;
        vi.spyOn(clock, 'now').mockReturnValue(soon);
        return isHeld;
      };
      await whileClaimHeld(temporal.client, outbox, row!, ask);
      expect(ask).toHaveBeenCalledOnce();
      try {
        await expect(whileClaimHeld(temporal.client, { renew }, row!, ask)).rejects.toThrow('too long ago');
        expect(ask).toHaveBeenCalledOnce();
      } finally {
        vi.restoreAllMocks();
        await outbox.delivered(row!);
      }
    },
  );
});

describe('the search of Temporal', () => {
  const find = async (query: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { workflowId } of temporal.client.workflow.list({ query })) ids.push(workflowId);
    return ids;
  };

  it('is done without where the attributes cannot be registered: experiments start all the same', async () => {
    // Everything is real but the one call, which a server may leave to its operator.
    const refusing = {
      operatorService: { addSearchAttributes: () => Promise.reject(new Error('7 PERMISSION_DENIED')) },
      withDeadline: <T>(_deadline: number, request: () => Promise<T>): Promise<T> => request(),
    };
    await registerSearchAttributes(refusing, 'default', createLogger('test', 'silent'));
    await expect(find("ExperimentName = 'fixture'")).rejects.toThrow();
    const { experimentId } = await submit(opened.repositories);
    await whileDispatching(1, delivered);
    const { typedSearchAttributes } = await temporal.client.workflow.getHandle(experimentId).describe();
    expect(typedSearchAttributes.getAll().map(({ key }) => key.name)).not.toContain('ExperimentName');
  });

  it('finds experiments by name, model, dataset and state once they are registered, which may be done twice', async () => {
    const { connection } = temporal.client;
    for (let time = 0; time < 2; time += 1)
      await registerSearchAttributes(connection, 'default', createLogger('test', 'silent'));
    const { experimentId } = await submit(opened.repositories, specOf('searched for'));
    await whileDispatching(1, delivered);
    const query =
      "ExperimentName = 'searched for' AND ExperimentModel = 'mdl_1' AND ExperimentDataset = 'ds_1' AND ExperimentState = 'queued'";
    await until(async () => (await find(query)).includes(experimentId), {
      timeoutSeconds: 10,
      what: 'the experiment in the list',
    });
    expect(await find("ExperimentName = 'another'")).toEqual([]);
  });
});

describe('the gateway', () => {
  it('counts what waits on a queue without workers, and knows of no worker', async () => {
    const connection = await Connection.connect({ address: temporal.address });
    const gateway = createTemporalGateway(connection, 'default');
    await gateway.check();
    const coordinator = (await gateway.queues()).find(({ name }) => name === taskQueues.coordinator);
    expect(coordinator?.backlog).toBeGreaterThanOrEqual(12);
    expect(coordinator?.workers).toEqual([]);
    await connection.close();
  });
});
