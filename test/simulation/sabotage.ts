// Takes one protection away from an attempt, so that the invariants can be seen to tell.
import type { ObjectStore } from '../../src/storage/object-store.ts';
import type { TrainingState } from '../../src/training/job.ts';
import type { DatabaseClient } from './database-client.ts';
import type { World } from './world.ts';

interface Clients {
  readonly store: ObjectStore;
  readonly repositories: DatabaseClient;
}

export const sabotaged = {
  /** What an attempt goes on from. */
  start({ sabotage }: World, state: TrainingState): TrainingState {
    if (sabotage !== 'moment dropped' || state.step === 0) return state;
    return {
      ...state,
      secondMoments: state.secondMoments.map((tensor) => ({
        ...tensor,
        data: new Float32Array(tensor.data.length),
      })),
    };
  },

  /** What an attempt speaks to. */
  clients(world: World, clients: Clients): Clients {
    if (world.sabotage === 'row before its objects') return rowFirst(clients);
    if (world.sabotage === 'checkpoint before its steps') return stepsLate(clients);
    return clients;
  },
};

/** Says of a manifest that it is stored, and stores it when its row is committed. */
function rowFirst({ store, repositories }: Clients): Clients {
  let later: (() => Promise<unknown>) | undefined;
  return {
    store: {
      ...store,
      put(key, body, options) {
        if (!key.startsWith('checkpoints/')) return store.put(key, body, options);
        later = () => store.put(key, body, options);
        return Promise.resolve('created');
      },
    },
    repositories: {
      ...repositories,
      checkpoints: {
        ...repositories.checkpoints,
        async commitCheckpoint(holder, checkpoint) {
          await repositories.checkpoints.commitCheckpoint(holder, checkpoint);
          await later?.();
        },
      },
    },
  };
}

/** Does not wait until steps are recorded. */
function stepsLate({ store, repositories }: Clients): Clients {
  return {
    store,
    repositories: {
      ...repositories,
      ledger: {
        recordSteps(...given) {
          repositories.ledger.recordSteps(...given).catch(() => undefined);
          return Promise.resolve();
        },
      },
    },
  };
}
