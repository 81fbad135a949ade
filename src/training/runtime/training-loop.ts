// The life of a training run inside the engine's thread: runs of steps, checkpoints when due, a stop between runs.
import { CodedError } from '../../error.ts';
import { checkExamples } from '../batch.ts';
import { totalSteps } from '../batch-order.ts';
import { openExamples } from '../example-source.ts';
import type { StepRecord, TrainingJob } from '../job.ts';
import { modelLayout } from '../model-layout.ts';
import { unusedWordsDecay } from '../optimizer/unused-words.ts';
import { needsParts } from '../step-parts.ts';
import type { PreparedRun } from '../step-planner.ts';
import { configInUse } from '../config-in-use.ts';
import { buildTrainingGraph } from '../training-graph.ts';
import { CheckpointSender } from './checkpoint-sender.ts';
import { graphSha256, numericProfile } from './numeric-profile.ts';
import { paceOf, runSeconds, unknownPace } from './run-length.ts';
import { StepPreparer } from './step-preparer.ts';
import { StepRunner, type RunResult } from './step-runner.ts';
import { TrainingEvaluator } from './training-evaluation.ts';
import { isAbandoned, signal, type Send, type Signals } from './thread-protocol.ts';

/** The records of a run, up to the first step whose loss or norm is not finite. */
function stepRecords({ steps }: PreparedRun, { losses, gradientNorms }: RunResult): StepRecord[] {
  const lossBits = new Uint32Array(losses.buffer, losses.byteOffset, losses.length);
  const normBits = new Uint32Array(gradientNorms.buffer, gradientNorms.byteOffset, gradientNorms.length);
  const firstNonFinite = losses.findIndex(
    (loss, index) => !Number.isFinite(loss + (gradientNorms[index] ?? NaN)),
  );
  return steps
    .slice(0, firstNonFinite === -1 ? steps.length : firstNonFinite)
    .map(({ step, learningRate, examples, tokens }, index) => ({
      step,
      lossBits: lossBits[index] ?? 0,
      gradientNormBits: normBits[index] ?? 0,
      learningRate,
      examples,
      tokens,
    }));
}

interface Engine {
  /** null: training is not evaluated on the way. */
  readonly evaluator: TrainingEvaluator | null;
  readonly runner: StepRunner;
  readonly preparer: StepPreparer;
  /** The step at the end of the training. */
  readonly total: number;
  readonly decayUnused: ReturnType<typeof unusedWordsDecay>;
}

interface Closable {
  close(): Promise<void>;
}

/**
 * Gives back the memory of the state that the thread began with, by detaching its buffers: the thread's own data refers
 * to it to the end, and the runner holds a copy.
 */
function releaseStart({ start, frozen }: TrainingJob): void {
  const { parameters, firstMoments, secondMoments } = start;
  const kept = new Set(frozen.map(({ data }) => data.buffer));
  for (const { data } of [...parameters, ...firstMoments, ...secondMoments]) {
    const { buffer } = data;
    // Whatever else lies in the same buffer may still be needed.
    const isWhole = data.byteLength === buffer.byteLength && !kept.has(buffer);
    if (isWhole && buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
  }
}

/** @param opened gets what is to be closed at the end, also when opening fails half-way. */
async function openEngine(job: TrainingJob, send: Send, opened: Closable[]): Promise<Engine> {
  send({ kind: 'phase', phase: 'building' });
  const table = openExamples(job.examples);
  checkExamples(table, job.config);
  const total = Math.min(job.firstStep + totalSteps(table.count, job.recipe), job.untilStep ?? Infinity);
  const inParts = needsParts(table, job.recipe);
  const { count } = table;
  table.close();
  const config = configInUse(job);
  const layout = modelLayout(config, job.head, job.recipe);
  const graph = buildTrainingGraph({ config, head: job.head, recipe: job.recipe, inParts }, layout);
  send({ kind: 'phase', phase: 'restoring' });
  const runner = await StepRunner.open(graph, layout, job, job);
  opened.push(runner);
  releaseStart(job);
  const evaluator = job.evaluation === null ? null : await TrainingEvaluator.open(job, job.evaluation, count);
  if (evaluator !== null) opened.push(evaluator);
  const preparer = new StepPreparer({
    job: {
      config: job.config,
      head: job.head,
      recipe: job.recipe,
      vocabulary: job.vocabulary,
      examples: job.examples,
      firstStep: job.firstStep,
      masking: job.masking,
    },
    graph: { groups: layout.groups, dropoutSites: graph.dropoutSites, inParts },
  });
  opened.push(preparer);
  const { provider } = runner;
  const profile = numericProfile(
    { threads: job.threads, provider, graphSha256: graphSha256(graph.model) },
    job.place?.deviceNumber,
  );
  send({ kind: 'phase', phase: 'ready', profile });
  return { runner, preparer, evaluator, total, decayUnused: unusedWordsDecay(config, job.recipe, layout) };
}

interface Tell {
  readonly send: Send;
  readonly checkpoints: CheckpointSender;
}

/** Evaluates when it is due, and tells a checkpoint of the best step so far; returns whether it did. */
async function evaluateIfDue(
  { runner, evaluator }: Engine,
  step: number,
  tell: Tell,
  isStopping: () => boolean,
): Promise<boolean> {
  if (evaluator?.isDueAt(step) !== true || isStopping()) return false;
  const isBest = await evaluator.evaluate(step, runner.slotValues(), tell.send, () => !isStopping());
  if (isBest === true) tell.checkpoints.tell(() => runner.state(evaluator.memory), 'best');
  return isBest === true;
}

/** Whether there is nothing more to do after a step: it was the last, or nothing got better for long enough. */
function isEnded({ evaluator, total }: Engine, step: number): boolean {
  return evaluator?.isDueAt(step) !== true && (step >= total || evaluator?.isExhausted === true);
}

/** Runs steps until the end, a stop or abandonment; returns the last step done. */
async function runSteps(job: TrainingJob, engine: Engine, signals: Signals, tell: Tell): Promise<number> {
  const { runner, preparer, evaluator, total, decayUnused } = engine;
  const { everySteps, everySeconds } = job.checkpoint;
  const isStopping = (): boolean => Atomics.load(signals, signal.stop) !== 0 || isAbandoned(signals);
  const endOfRun = (first: number): number =>
    Math.min(total, first + everySteps - (first % everySteps), evaluator?.next(first) ?? Infinity);
  let step = job.start.step;
  let pace = unknownPace;
  const ask = (first: number): Promise<PreparedRun> | undefined => {
    if (first >= total) return undefined;
    const asked = preparer.request({
      first,
      end: endOfRun(first),
      seconds: runSeconds(everySeconds),
      pace,
    });
    // Whoever waits for it meets its failure; until then it must not count as unhandled.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask(step);
  // A run that ended before the evaluation that was due makes up for it.
  await evaluateIfDue(engine, step, tell, isStopping);
  while (next !== undefined && !isStopping() && !isEnded(engine, step)) {
    const prepared = await next;
    next = ask(step + prepared.steps.length);
    const started = performance.now();
    const result = await runner.run(prepared, decayUnused);
    const seconds = (performance.now() - started) / 1000;
    pace = paceOf(prepared.steps, seconds);
    const steps = stepRecords(prepared, result);
    if (steps.length > 0) tell.send({ kind: 'steps', steps, seconds });
    if (steps.length < prepared.steps.length)
      throw new CodedError(
        'training_diverged',
        `The loss or gradient of step ${step + steps.length + 1} is not finite.`,
      );
    step += prepared.steps.length;
    const isKept = await evaluateIfDue(engine, step, tell, isStopping);
    const goesOn = !isEnded(engine, step) && !isStopping();
    if (goesOn && !isKept && tell.checkpoints.isDueAt(step, job.checkpoint, seconds))
      tell.checkpoints.tell(() => runner.state(evaluator?.memory), 'due');
  }
  return step;
}

/**
 * Trains from the job's start to its end or a stop, telling events on the way. An abandoned run just ends.
 * @throws CodedError `training_diverged` naming the first step whose loss or gradient is not finite;
 * `sequence_too_long` or `model_incompatible` when the model cannot take an example
 */
export async function runTraining(job: TrainingJob, signals: Signals, send: Send): Promise<void> {
  const opened: Closable[] = [];
  try {
    const engine = await openEngine(job, send, opened);
    const checkpoints = new CheckpointSender(send, signals);
    const step = await runSteps(job, engine, signals, { send, checkpoints });
    if (isAbandoned(signals)) return;
    const isFinished = isEnded(engine, step);
    const outcome = isFinished ? 'finished' : 'stopped';
    // A run that was stopped before its first step has nothing to keep that was not kept before.
    if (isFinished || step > job.start.step)
      checkpoints.tell(() => engine.runner.state(engine.evaluator?.memory), outcome);
    send({ kind: 'ended', outcome, step });
  } finally {
    await Promise.all(opened.map((part) => part.close()));
  }
}
