// The repositories as one process of a simulation sees them: every call a transaction, over a network.
import type { Repositories } from '../../src/database/repositories.ts';
import type { SimulatedProcess } from './scheduler.ts';
import type { World } from './world.ts';

type Called<Name extends keyof Repositories, Method extends keyof Repositories[Name]> = Pick<
  Repositories[Name],
  Method
>;

/** What an attempt at training asks of the database. */
export interface DatabaseClient {
  readonly attempts: Called<'attempts', 'beginAttempt' | 'finishAttempt' | 'revoke' | 'setAttemptProfile'>;
  readonly ledger: Called<'ledger', 'recordSteps'>;
  readonly checkpoints: Called<'checkpoints', 'commitCheckpoint' | 'listCheckpoints'>;
  readonly pins: Called<'pins', 'forUpload'>;
  readonly calibrations: Called<'calibrations', 'record'>;
}

export function databaseClient(
  { database, databaseService, invariants }: World,
  process: SimulatedProcess,
): DatabaseClient {
  const ask = <T>(label: string, effect: () => T): Promise<T> =>
    databaseService.request(process, label, effect);
  const write = <T>(label: string, lease: number, effect: () => T): Promise<T> =>
    ask(`${label}, lease ${lease}`, () => invariants.watchWrite(lease, effect));
  return {
    attempts: {
      beginAttempt: ({ projectId, experimentId }) =>
        ask('begin', () => ({ projectId, experimentId, lease: database.beginAttempt(), token: '' })),
      finishAttempt: (holder, { cause }) =>
        write(`finish as ${cause}`, holder.lease, () => database.finishAttempt(holder, cause)),
      revoke: () => ask('revoke', () => database.revoke()),
      setAttemptProfile: (holder, given) =>
        write('profile', holder.lease, () => database.setAttemptProfile(holder, given)),
    },
    ledger: {
      recordSteps: (holder, { steps }) =>
        write(`steps ${steps[0]?.step ?? 0} to ${steps.at(-1)?.step ?? 0}`, holder.lease, () =>
          database.recordSteps(holder, steps),
        ),
    },
    checkpoints: {
      commitCheckpoint: (holder, checkpoint) =>
        write(`commit ${checkpoint.step}`, holder.lease, () => database.commitCheckpoint(holder, checkpoint)),
      listCheckpoints: (_reference, range) =>
        ask('list', () => database.listCheckpoints(range).map((row) => ({ ...row, createdAt: new Date(0) }))),
    },
    // Nothing is collected in a simulation.
    pins: { forUpload: () => () => Promise.resolve() },
    calibrations: { record: () => Promise.resolve() },
  };
}
