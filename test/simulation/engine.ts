// An engine in place of the one that trains: each state follows from the one before by a hash, so that any slip shows at the end.
import { createHash } from 'node:crypto';
import type {
  NumericProfile,
  StepRecord,
  TrainingEvent,
  TrainingJob,
  TrainingRun,
  TrainingState,
} from '../../src/training/job.ts';
import { plainRecipe } from '../training/plain-recipe.ts';
import { madeUpExamples, tinyConfig, tinyHead } from '../training/tiny-task.ts';
import type { Scheduler, SimulatedProcess } from './scheduler.ts';

const elements = 8;
const examplesAStep = 4;

export const profile: NumericProfile = {
  onnxruntimeVersion: '0.0.0',
  provider: 'cpu',
  instructionSet: 'simulated',
  threads: 1,
  graphSha256: `sha256:${'0'.repeat(64)}`,
};

/** What an engine may do wrong. */
export interface EngineFaults {
  /** How likely a step is computed with one bit wrong. */
  flipped: number;
  /** How likely the engine says nothing any more. */
  hangs: number;
}

export const initialState = (): TrainingState => stateOf(0, digestOf(Buffer.from('the beginning')));

const startedJob = {
  config: tinyConfig,
  head: tinyHead,
  examples: { examples: madeUpExamples(8), targetKind: 'class' as const },
  vocabulary: null,
  firstStep: 0,
  masking: null,
  untilStep: null,
  frozen: [],
  evaluation: null,
  threads: 1,
  provider: 'cpu' as const,
};

/** A job with a checkpoint every so many steps. */
export function jobOf(start: TrainingState, everySteps: number): TrainingJob {
  return { ...startedJob, recipe: plainRecipe, start, checkpoint: { everySteps, everySeconds: 1e6 } };
}

/** The step after a state. @param isFlipped with one bit that is not what it should be. */
export function nextStep(
  before: TrainingState,
  isFlipped = false,
): { readonly state: TrainingState; readonly record: StepRecord } {
  const hash = createHash('sha256').update(`${before.step}`);
  for (const tensors of [before.parameters, before.firstMoments, before.secondMoments])
    for (const { data } of tensors) hash.update(bytesOf(data));
  const digest = hash.digest();
  if (isFlipped) digest[0] = (digest[0] ?? 0) ^ 1;
  const step = before.step + 1;
  return {
    state: stateOf(step, digest),
    record: {
      step,
      lossBits: digest.readUInt32LE(0) >>> 0,
      gradientNormBits: digest.readUInt32LE(4),
      learningRate: 1 / (step + 8),
      examples: examplesAStep,
      tokens: examplesAStep * 8,
    },
  };
}

/** A text that two states share only when they are equal, bit for bit. */
export function stateHash(state: TrainingState): string {
  const hash = createHash('sha256').update(`${state.step}`);
  for (const tensors of [state.parameters, state.firstMoments, state.secondMoments])
    for (const { name, data } of tensors) hash.update(name).update(bytesOf(data));
  return hash.digest('hex');
}

/** The engine as a process runs it. */
export function startEngine(
  scheduler: Scheduler,
  process: SimulatedProcess,
  faults: EngineFaults,
  totalSteps: number,
  { start, checkpoint }: TrainingJob,
): TrainingRun {
  const { random } = scheduler;
  let isStopped = false;
  let isAbandoned = false;

  async function* events(): AsyncGenerator<TrainingEvent> {
    yield { kind: 'phase', phase: 'building' };
    await scheduler.wait(process, random.between(10, 2_000), 'engine builds');
    yield { kind: 'phase', phase: 'ready', profile };
    let state = start;
    while (state.step < totalSteps && !isStopped) {
      if (random.isDue(faults.hangs)) await new Promise(() => undefined);
      const seconds = random.between(0.05, 2);
      await scheduler.wait(process, seconds * 1000, 'engine runs');
      if (isAbandoned) return;
      const steps: StepRecord[] = [];
      const most = Math.min(
        totalSteps - state.step,
        checkpoint.everySteps - (state.step % checkpoint.everySteps),
      );
      for (let left = 1 + random.below(most); left > 0; left -= 1) {
        const isFlipped = random.isDue(faults.flipped);
        if (isFlipped) scheduler.note(`${process.name}: step ${state.step + 1} comes out wrong`);
        const next = nextStep(state, isFlipped);
        state = next.state;
        steps.push(next.record);
      }
      yield { kind: 'steps', steps, seconds };
      if (state.step % checkpoint.everySteps === 0 && state.step < totalSteps)
        yield { kind: 'checkpoint', state, reason: 'due', stallSeconds: 0 };
    }
    const isFinished = state.step === totalSteps;
    if (state.step > start.step)
      yield {
        kind: 'checkpoint',
        state,
        reason: isFinished ? 'finished' : 'stopped',
        stallSeconds: 0,
      };
    yield { kind: 'ended', outcome: isFinished ? 'finished' : 'stopped', step: state.step };
  }

  return {
    events: events(),
    stop() {
      isStopped = true;
    },
    async abandon() {
      isAbandoned = true;
      await scheduler.wait(process, random.between(1, 500), 'engine ends');
    },
  };
}

function stateOf(step: number, digest: Buffer): TrainingState {
  return {
    step,
    parameters: tensors(digest, 1),
    firstMoments: tensors(digest, 2),
    secondMoments: tensors(digest, 3),
    unusedWords: { scale: 1, momentum: 0 },
    evaluations: null,
  };
}

function tensors(digest: Buffer, kind: number): TrainingState['parameters'] {
  const data = new Float32Array(elements);
  const words = new Uint32Array(data.buffer);
  // Never the bits of a number that is not finite.
  for (let index = 0; index < elements; index += 1)
    words[index] = (Math.imul(digest.readUInt32LE(index * 4) ^ index, 2 * kind + 1) & 0x3fff_ffff) >>> 0;
  return [{ name: 'weight', shape: [elements], data }];
}

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
