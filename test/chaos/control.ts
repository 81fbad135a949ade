// The negative control: one thing that the promise rests on is switched off, one experiment is disturbed in a way that needs
// it, and the campaign's own checks must find something. With nothing switched off they must find nothing.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as PostgresClient } from 'pg';
import { variables } from '../../src/config.ts';
import type { Experiment } from '../../openapi/client.ts';
import { until } from '../../src/local/until.ts';
import { exampleSubmission, uploadExample } from '../journeys/example-experiment.ts';
import { AttemptWatch } from './attempt-watch.ts';
import { DisturbedStack } from './disturbed-stack.ts';
import { outcomeOf } from './outcome.ts';
import { Persistence } from './persistence.ts';
import { randomNumbers } from './schedule.ts';
import { judge } from './verdict.ts';
import type { Weakening } from './weakenings.ts';

const rows = 800;
const attemptTimeoutSeconds = 60;

/** Needs every part of a checkpoint: both moments, words that are not in use, the memory of evaluations. */
const training = {
  epochs: 12,
  weightDecay: 0.1,
  learningRate: 1e-3,
  checkpoint: { everySteps: 20 },
  evaluateEverySteps: 20,
  earlyStopping: { metric: 'accuracy', patience: 8 },
} as const;
/**
 * Every row is told right for the first time at step 120, which is the best and makes the result: once before that, since what is
 * restored then is in the result, and once after it, when the best step is known from the memory alone.
 */
const killedSteps = [50, 155];
/** No checkpoint before its end: every step is computed again. */
const withoutCheckpoints = { epochs: 6, checkpoint: { everySteps: 100_000, everySeconds: 100_000 } };

/**
 * Disturbs one experiment as `shownBy` says.
 *
 * @param weakening what is switched off in every process of the stack; nothing when left out.
 * @returns the faults that the campaign's checks find.
 * @throws Error when the code to switch off was not loaded.
 */
export async function runControl(
  shownBy: Weakening['shownBy'],
  weakening?: Weakening,
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-control-'));
  const mark = join(folder, 'weakened');
  const stack = await DisturbedStack.start({
    random: randomNumbers(1),
    secondWorker: false,
    ...(weakening && {
      preloads: [join(import.meta.dirname, 'weaken.mjs')],
      variables: { CHAOS_WEAKENING: JSON.stringify(weakening), CHAOS_WEAKENED: mark },
    }),
  });
  try {
    const faults = await disturbances[shownBy](stack);
    if (weakening && !existsSync(mark)) throw new Error(`${weakening.file} was not loaded`);
    return faults;
  } finally {
    await stack.remove();
    rmSync(folder, { recursive: true });
  }
}

const disturbances: Readonly<
  Record<Weakening['shownBy'], (stack: DisturbedStack) => Promise<readonly string[]>>
> = {
  kills: (stack) =>
    compared(stack, training, async (id) => {
      for (const [index, step] of killedSteps.entries()) {
        await reach(
          stack,
          id,
          ({ attempts, latestCheckpoint, progress }) =>
            isPast(progress, step) && attempts === index + 1 && latestCheckpoint !== null,
        );
        send(stack, 'training-worker', 'SIGKILL');
      }
    }),

  standstill: (stack) =>
    compared(stack, training, async (id, watch) => {
      await reach(stack, id, ({ progress }) => isPast(progress, 50));
      send(stack, 'training-worker', 'SIGSTOP');
      stack.startSecondWorker({ TRAINING_THREADS: '2' });
      await until(async () => (await stack.client.getExperiment(id)).attempts === 2, {
        timeoutSeconds: attemptTimeoutSeconds,
        what: 'the second attempt',
      });
      await watch.look(id);
      send(stack, 'training-worker', 'SIGCONT');
    }),

  async flippedBit(stack) {
    const dataset = await uploadExample(stack.client, rows);
    const { id } = await stack.client.submit(exampleSubmission(dataset, withoutCheckpoints));
    await reach(stack, id, ({ progress }) => isPast(progress, 20));
    send(stack, 'coordinator-worker', 'SIGSTOP');
    send(stack, 'training-worker', 'SIGKILL');
    await flipBit(stack, id);
    send(stack, 'coordinator-worker', 'SIGCONT');
    const { state, error } = await stack.client.waitForExperiment(id);
    return error?.code === 'divergence'
      ? []
      : [`a step was recorded with another bit, and the experiment ended as ${state}`];
  },
};

/** Trains twice, the second time disturbed, and judges the second. */
async function compared(
  stack: DisturbedStack,
  settings: Parameters<typeof exampleSubmission>[1],
  disturb: (id: string, watch: AttemptWatch) => Promise<void>,
): Promise<readonly string[]> {
  const { client } = stack;
  const persistence = new Persistence();
  const submission = exampleSubmission(await uploadExample(client, rows), settings);
  const undisturbed = await client.submit(submission);
  await client.waitForExperiment(undisturbed.id);
  const twin = await outcomeOf(client, undisturbed.id, persistence);
  const { id } = await client.submit(submission);
  const watch = new AttemptWatch(client);
  await disturb(id, watch);
  await client.waitForExperiment(id);
  await watch.look(id);
  const outcome = await outcomeOf(client, id, persistence);
  const faults = judge(outcome, { endsAs: ['succeeded'], twin });
  return [...watch.problems, ...faults];
}

/**
 * Waits for a condition, or for a failure, which the verdict tells of.
 *
 * @throws Error when the experiment ended otherwise before: what follows would show nothing.
 */
async function reach(
  stack: DisturbedStack,
  id: string,
  condition: (experiment: Experiment) => boolean,
): Promise<void> {
  const reached = await stack.client.waitForExperiment(id, condition);
  if (reached.state !== 'failed' && !condition(reached))
    throw new Error(`it ended too early, as ${reached.state}`);
}

const isPast = (progress: Experiment['progress'], step: number): boolean => (progress?.step ?? 0) >= step;

function send(
  stack: DisturbedStack,
  target: Parameters<DisturbedStack['processesOf']>[0],
  signal: NodeJS.Signals,
): void {
  for (const processId of stack.processesOf(target)) process.kill(processId, signal);
}

/** Flips the lowest bit of the loss of an experiment's first step. */
async function flipBit(stack: DisturbedStack, id: string): Promise<void> {
  const client = new PostgresClient({ connectionString: stack.variables[variables.databaseUrl] });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `UPDATE ledger_chunk SET records = set_byte(records, 3, get_byte(records, 3) # 1)
       WHERE experiment_id = $1 AND from_step = 1`,
      [id],
    );
    if (rowCount !== 1) throw new Error('no step was recorded');
  } finally {
    await client.end();
  }
}
