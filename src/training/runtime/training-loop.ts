// The life of a training run inside the engine's thread: runs of steps, checkpoints when due, a stop between runs.
import { CodedError } from '../../error.ts';
import { exampleCount } from '../../text/encoded-examples.ts';
import { BatchOrder, totalSteps } from '../batch-order.ts';
import { checkExamples, collectBatch } from '../batch.ts';
import type { StepRecord, TrainingJob, TrainingState } from '../job.ts';
import { linearSchedule } from '../optimizer/schedule.ts';
import type { StepPlan } from '../step-inputs.ts';
import { buildTrainingGraph } from '../training-graph.ts';
import { CheckpointSender } from './checkpoint-sender.ts';
import { graphSha256, numericProfile } from './numeric-profile.ts';
import { RunLength } from './run-length.ts';
import { StepRunner, type RunResult } from './step-runner.ts';
import { isAbandoned, signal, type Send, type Signals } from './thread-protocol.ts';

/** Plans any step of a job. */
function createPlanner(job: TrainingJob): { total: number; plan: (index: number) => StepPlan } {
  const { examples, labels, recipe } = job;
  const total = totalSteps(exampleCount(examples), recipe);
  const order = new BatchOrder(exampleCount(examples), recipe);
  return {
    total,
    plan: (index) => ({
      step: index + 1,
      learningRate: linearSchedule(index, total, recipe.learningRate, recipe.warmupRatio),
      batch: collectBatch(examples, labels, order.examplesOf(index)),
    }),
  };
}

/** The records of a run, up to the first step whose loss or norm is not finite. */
function stepRecords(plans: readonly StepPlan[], { losses, gradientNorms }: RunResult): StepRecord[] {
  const lossBits = new Uint32Array(losses.buffer, losses.byteOffset, losses.length);
  const normBits = new Uint32Array(gradientNorms.buffer, gradientNorms.byteOffset, gradientNorms.length);
  const firstNonFinite = losses.findIndex(
    (loss, index) => !Number.isFinite(loss + (gradientNorms[index] ?? NaN)),
  );
  return plans
    .slice(0, firstNonFinite === -1 ? plans.length : firstNonFinite)
    .map(({ step, learningRate, batch }, index) => ({
      step,
      lossBits: lossBits[index] ?? 0,
      gradientNormBits: normBits[index] ?? 0,
      learningRate,
      examples: batch.size,
      tokens: batch.tokens,
    }));
}

interface Tell {
  readonly send: Send;
  readonly checkpoints: CheckpointSender;
}

async function openRunner(job: TrainingJob, send: Send): Promise<StepRunner> {
  send({ kind: 'phase', phase: 'building' });
  checkExamples(job.examples, job.config);
  const graph = buildTrainingGraph(job.config, job.labelCount, job.recipe);
  send({ kind: 'phase', phase: 'restoring' });
  const runner = await StepRunner.open(graph, job.recipe, job.start, job);
  const { provider } = runner;
  const profile = numericProfile({ threads: job.threads, provider, graphSha256: graphSha256(graph.model) });
  send({ kind: 'phase', phase: 'ready', profile });
  return runner;
}

/**
 * Gives back the memory of the state that the thread began with, by detaching its buffers: the thread's own data refers
 * to it to the end, and it is as large as the state that the runner holds by now.
 */
function releaseStart({ parameters, firstMoments, secondMoments }: TrainingState): void {
  const buffers = new Set([...parameters, ...firstMoments, ...secondMoments].map(({ data }) => data.buffer));
  for (const buffer of buffers)
    if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
}

/** Runs steps until the end, a stop or abandonment; returns the last step done. */
async function runSteps(job: TrainingJob, runner: StepRunner, signals: Signals, tell: Tell): Promise<number> {
  const { total, plan } = createPlanner(job);
  const runLength = new RunLength();
  const isStopping = (): boolean => Atomics.load(signals, signal.stop) !== 0 || isAbandoned(signals);
  let step = job.start.step;
  while (step < total && !isStopping()) {
    const untilDue = job.checkpoint.everySteps - (step % job.checkpoint.everySteps);
    let planned = step;
    const next = (): StepPlan | undefined => (planned < total ? plan(planned++) : undefined);
    const plans = runLength.take(next, (one) => runner.maskBytesOf(one), untilDue);
    const started = performance.now();
    const result = await runner.run(plans);
    const seconds = (performance.now() - started) / 1000;
    if (step === job.start.step) releaseStart(job.start);
    runLength.learn(plans, seconds);
    const steps = stepRecords(plans, result);
    if (steps.length > 0) tell.send({ kind: 'steps', steps, seconds });
    if (steps.length < plans.length)
      throw new CodedError(
        'training_diverged',
        `The loss or gradient of step ${step + steps.length + 1} is not finite.`,
      );
    step += plans.length;
    if (step < total && !isStopping() && tell.checkpoints.isDueAt(step, job.checkpoint))
      tell.checkpoints.tell(runner.state(), 'due');
  }
  return step;
}

/**
 * Trains from the job's start to its end or a stop, telling events on the way. An abandoned run just ends.
 * @throws CodedError `training_diverged` naming the first step whose loss or gradient is not finite;
 * `sequence_too_long` or `model_incompatible` when the model cannot take an example
 */
export async function runTraining(job: TrainingJob, signals: Signals, send: Send): Promise<void> {
  const runner = await openRunner(job, send);
  const checkpoints = new CheckpointSender(send, signals);
  try {
    const step = await runSteps(job, runner, signals, { send, checkpoints });
    if (isAbandoned(signals)) return;
    const isFinished = step === totalSteps(exampleCount(job.examples), job.recipe);
    const outcome = isFinished ? 'finished' : 'stopped';
    // A run that was stopped before its first step has nothing to keep that was not kept before.
    if (isFinished || step > job.start.step) checkpoints.tell(runner.state(), outcome);
    send({ kind: 'ended', outcome, step });
  } finally {
    await runner.close();
  }
}
