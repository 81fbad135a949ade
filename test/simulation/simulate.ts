// One simulation from its seed: a run of training with everything that goes wrong, held against the invariants.
import { Coordinator, type RunEnd } from './coordinator.ts';
import { chosenDisturbances, disturb, type Disturbance } from './disturbances.ts';
import { uninterrupted, type UndisturbedRun } from './invariants.ts';
import { Violation } from './scheduler.ts';
import { Worker } from './worker.ts';
import { createWorld, totalSteps, type Sabotage } from './world.ts';

/** How long things go wrong, of the simulated time. */
const disturbed = { leastMilliseconds: 20_000, mostMilliseconds: 150_000 } as const;
/** By then, after faults have ceased, a run has ended: pauses and outages may last a while longer. */
const calmMilliseconds = 300_000;

export interface Simulated {
  readonly seed: number;
  /** What did not hold; `undefined` for a run as it should be. */
  readonly violation: string | undefined;
  readonly outcome: string;
  readonly kinds: readonly Disturbance[];
  readonly traceSha256: string;
  /** The last lines of the trace. */
  readonly tail: readonly string[];
  readonly counts: {
    readonly events: number;
    readonly attempts: number;
    readonly leases: number;
    readonly stepsRepeated: number;
    readonly simulatedSeconds: number;
  };
}

/** The run that all others must end like. @throws Error when even that one does not end. */
export async function undisturbedRun(): Promise<UndisturbedRun> {
  const world = createWorld(0);
  const coordinator = new Coordinator(world, [new Worker(world, 'worker')]);
  let end: RunEnd | undefined;
  void coordinator.run().then((how) => {
    end = how;
  });
  await world.scheduler.run(() => end !== undefined);
  const [newest] = world.database.listCheckpoints({ limit: 1 });
  if (newest?.step !== totalSteps) throw new Error('a run without disturbances did not reach its end');
  return { ...uninterrupted(totalSteps), checkpointId: newest.id };
}

/** @param always kinds of disturbance that are switched on beside those that the seed chooses. */
export async function simulate(
  seed: number,
  undisturbed: UndisturbedRun,
  { sabotage, always = [] }: { readonly sabotage?: Sabotage; readonly always?: readonly Disturbance[] } = {},
): Promise<Simulated> {
  const world = createWorld(seed, sabotage);
  const { scheduler, database, random, invariants } = world;
  const workers = Array.from(
    { length: 2 + random.below(2) },
    (_, index) => new Worker(world, `worker ${index + 1}`),
  );
  const coordinator = new Coordinator(world, workers);
  const kinds = chosenDisturbances(world, always);
  const calm = random.between(disturbed.leastMilliseconds, disturbed.mostMilliseconds);
  disturb(world, kinds, workers, coordinator, calm);

  let end: RunEnd | undefined;
  let violation: string | undefined;
  coordinator.run().then(
    (how) => {
      end = how;
    },
    (error: unknown) => {
      violation = textOf(error);
    },
  );
  const isOver = (): boolean => {
    if (scheduler.now > calm + calmMilliseconds) throw new Violation('no end although faults have ceased');
    return end !== undefined || violation !== undefined;
  };
  try {
    await scheduler.run(isOver);
    if (end?.outcome === 'completed') {
      // Wrong steps that were never computed again cannot be told from right ones.
      if (kinds.has('wrong steps')) invariants.check();
      else await invariants.checkEnd(undisturbed);
    } else if (end?.outcome === 'failed' && !(end.code === 'divergence' && kinds.has('wrong steps')))
      throw new Violation(`the run failed with ${end.code}`);
  } catch (error) {
    violation = textOf(error);
  }
  return {
    seed,
    violation,
    outcome: end === undefined ? 'none' : end.outcome === 'failed' ? end.code : end.outcome,
    kinds: [...kinds],
    traceSha256: scheduler.traceHash(),
    tail: scheduler.tail,
    counts: {
      events: scheduler.eventCount,
      attempts: coordinator.attempts,
      leases: database.lease,
      stepsRepeated: database.attempts.reduce((sum, { stepsRepeated }) => sum + stepsRepeated, 0),
      simulatedSeconds: scheduler.now / 1000,
    },
  };
}

/** Anything thrown ends the simulation as a violation: what is no coded error is a fault of the code or of this. */
function textOf(error: unknown): string {
  return error instanceof Error
    ? `${error.message}${error instanceof Violation ? '' : `\n${error.stack ?? ''}`}`
    : String(error);
}

/** What to print of one that did not go as it should. */
export function report({ seed, violation, kinds, tail }: Simulated): string {
  return [
    `seed ${seed}: ${violation ?? 'nothing wrong'}`,
    `with ${kinds.join(', ')}`,
    ...tail.map((line) => `  ${line}`),
  ].join('\n');
}
