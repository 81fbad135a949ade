// All parts of one simulation, and what its processes share.
import { DatabaseModel } from './database-model.ts';
import type { EngineFaults } from './engine.ts';
import { Invariants } from './invariants.ts';
import { Service } from './network.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { StoreModel } from './store-model.ts';

export const totalSteps = 18;

/** Protections that can be taken away on purpose, to see that the invariants tell. */
export const sabotages = [
  'leases ignored',
  'steps not compared',
  'row before its objects',
  'moment dropped',
  'checkpoint before its steps',
] as const;

export type Sabotage = (typeof sabotages)[number];

export interface World {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly database: DatabaseModel;
  readonly databaseService: Service;
  readonly store: StoreModel;
  readonly storeService: Service;
  readonly engineFaults: EngineFaults;
  readonly invariants: Invariants;
  readonly sabotage: Sabotage | undefined;
  readonly checkpointEverySteps: number;
}

export function createWorld(seed: number, sabotage?: Sabotage): World {
  const random = new Random(seed);
  const scheduler = new Scheduler(random);
  const database = new DatabaseModel({
    leases: sabotage !== 'leases ignored',
    comparison: sabotage !== 'steps not compared',
  });
  const store = new StoreModel();
  return {
    random,
    scheduler,
    database,
    databaseService: new Service(scheduler, 'database_unavailable'),
    store,
    storeService: new Service(scheduler, 'storage_unavailable'),
    engineFaults: { flipped: 0, hangs: 0 },
    invariants: new Invariants(database, store),
    sabotage,
    checkpointEverySteps: 2 + random.below(5),
  };
}
