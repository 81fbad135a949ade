// What goes wrong in a simulation. A seed switches some kinds of it on, and then decides when they happen.
import type { Coordinator } from './coordinator.ts';
import { manifestKey, blobKey } from './store-model.ts';
import { decodeCheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { noFaults } from './network.ts';
import type { Worker } from './worker.ts';
import type { World } from './world.ts';

export const disturbanceKinds = [
  'kills',
  'kills between any two events',
  'pauses',
  'stops',
  'cancellations',
  'false alarms',
  'database faults',
  'database outages',
  'store faults',
  'store outages',
  'clock jumps',
  'damage',
  'torn writes',
  'broken reads',
  'hanging engines',
  'wrong steps',
] as const;

export type Disturbance = (typeof disturbanceKinds)[number];

const longestIntervalMilliseconds = 8_000;

/** The kinds that a seed switches on: many combinations tell more than all of them always. */
export function chosenDisturbances(
  { random }: World,
  always: readonly Disturbance[],
): ReadonlySet<Disturbance> {
  const share = random.between(0.1, 0.7);
  const chosen = disturbanceKinds.filter((kind) => random.isDue(kind === 'wrong steps' ? 0.1 : share));
  return new Set([...chosen, ...always]);
}

/** Starts what goes on all the time, and schedules the rest until `untilMilliseconds`. */
export function disturb(
  world: World,
  kinds: ReadonlySet<Disturbance>,
  workers: readonly Worker[],
  coordinator: Coordinator,
  untilMilliseconds: number,
): void {
  const { scheduler, random, databaseService, storeService, store, engineFaults } = world;
  if (kinds.has('kills between any two events')) scheduler.killProbability = random.between(0.001, 0.02);
  if (kinds.has('database faults'))
    Object.assign(databaseService.faults, {
      refused: random.between(0, 0.1),
      answerLost: random.between(0, 0.1),
    });
  if (kinds.has('store faults'))
    Object.assign(storeService.faults, {
      refused: random.between(0, 0.08),
      answerLost: random.between(0, 0.08),
      doubled: random.between(0, 0.1),
    });
  if (kinds.has('torn writes')) store.tornProbability = random.between(0.01, 0.2);
  if (kinds.has('broken reads')) Object.assign(store.readFaults, { broken: 0.05, short: 0.03 });
  if (kinds.has('hanging engines')) engineFaults.hangs = 0.02;
  if (kinds.has('wrong steps')) engineFaults.flipped = 0.03;

  const next = (): void => {
    const wait = random.between(50, longestIntervalMilliseconds);
    if (scheduler.now + wait >= untilMilliseconds) return;
    scheduler.after(wait, 'a disturbance is due', () => {
      const due = [...kinds];
      if (due.length > 0) strike(random.pick(due), world, workers, coordinator);
      next();
    });
  };
  next();
  scheduler.after(untilMilliseconds, 'faults cease', () => cease(world));
}

function cease({ scheduler, databaseService, storeService, store, engineFaults }: World): void {
  scheduler.killProbability = 0;
  Object.assign(databaseService.faults, noFaults());
  Object.assign(storeService.faults, noFaults());
  Object.assign(store.readFaults, { broken: 0, short: 0 });
  Object.assign(engineFaults, { hangs: 0, flipped: 0 });
  store.tornProbability = 0;
}

function strike(kind: Disturbance, world: World, workers: readonly Worker[], coordinator: Coordinator): void {
  const { scheduler, random, databaseService, storeService } = world;
  // More often than not the one that works.
  const worker = random.isDue(0.7) ? (coordinator.active ?? random.pick(workers)) : random.pick(workers);
  const { process } = worker;
  switch (kind) {
    case 'kills':
      scheduler.kill(process);
      return;
    case 'pauses':
      process.pausedUntil = scheduler.now + random.between(500, 45_000);
      scheduler.note(`${worker.name} stands still until ${process.pausedUntil.toFixed(0)}`);
      return;
    case 'stops':
      worker.stop();
      return;
    case 'cancellations':
      worker.cancel();
      return;
    case 'false alarms':
      coordinator.lose();
      return;
    case 'database outages':
      databaseService.faults.outageUntil = scheduler.now + random.between(200, 90_000);
      return;
    case 'store outages':
      storeService.faults.outageUntil = scheduler.now + random.between(200, 30_000);
      return;
    case 'clock jumps':
      process.clockSkewMilliseconds += random.between(-3_600_000, 3_600_000);
      return;
    case 'damage':
      damageNewest(world);
      return;
    case 'kills between any two events':
    case 'database faults':
    case 'store faults':
    case 'torn writes':
    case 'broken reads':
    case 'hanging engines':
    case 'wrong steps':
      // These go on all the time.
      return;
  }
}

/** Breaks an object of the newest checkpoint, when there is one before it to go back to. */
function damageNewest({ random, scheduler, database, store }: World): void {
  const [newest, ...others] = database.listCheckpoints({ limit: 100 });
  if (newest === undefined || !others.some(({ step, id }) => objectsOf(step, id).every(isWhole))) return;
  const key = random.pick(objectsOf(newest.step, newest.id));
  if (!store.objects.has(key)) return;
  const isLost = random.isDue(0.3);
  scheduler.note(`${isLost ? 'loss' : 'damage'} of ${key} of step ${newest.step}`);
  store.damage(key, isLost);

  function objectsOf(step: number, id: string): string[] {
    const manifest = manifestKey(step, id);
    const bytes = store.objects.get(manifest);
    if (bytes === undefined || store.damaged.has(manifest)) return [manifest];
    const { parameters, firstMoments, secondMoments } = decodeCheckpointManifest(bytes).blobs;
    const blobs = [parameters, firstMoments, secondMoments].filter((blob) => blob !== null);
    return [manifest, ...blobs.map(({ sha256 }) => blobKey(sha256))];
  }
  function isWhole(object: string): boolean {
    return store.objects.has(object) && !store.damaged.has(object);
  }
}
