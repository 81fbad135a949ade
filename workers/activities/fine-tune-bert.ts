// Trains an experiment's model: goes on from the last committed checkpoint, records every step, keeps checkpoints.
import { CancelledFailure, Context } from '@temporalio/activity';
import type { LeaseHolder } from '../../src/database/lock.ts';
import type {
  CheckpointNotice,
  CommittedCheckpoint,
  ExperimentReference,
  FineTuneResult,
  TrainingActivities,
} from '../../src/experiment/activity.ts';
import { childWorkflowId, signalNames } from '../../src/experiment/name.ts';
import { messageOf } from '../../src/error.ts';
import { totalSteps } from '../../src/training/batch-order.ts';
import type { NumericProfile, TrainingEvent, TrainingJob, TrainingRun } from '../../src/training/job.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { runAttempt } from './attempt.ts';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { prepareTraining, type PreparedTraining } from './prepare-training.ts';
import { StepRecorder } from './step-recorder.ts';

/** The workflow is told of checkpoints at most this often: each telling makes its history longer. */
const noticeIntervalSeconds = 10;

export function createTrainingActivities(dependencies: ActivityDependencies): TrainingActivities {
  return {
    fineTuneBert: (experiment) =>
      withCodedFailures(dependencies.log, () =>
        runAttempt(
          dependencies,
          experiment,
          'training',
          (holder) => fineTune(dependencies, experiment, holder),
          ({ outcome }) => outcome,
        ),
      ),
  };
}

async function fineTune(
  dependencies: ActivityDependencies,
  experiment: ExperimentReference,
  holder: LeaseHolder,
): Promise<FineTuneResult> {
  const activity = Context.current();
  const heartbeat = (): void => activity.heartbeat();
  const attempt = new TrainingAttempt(
    dependencies,
    holder,
    await prepareTraining(dependencies, experiment, heartbeat),
    activity,
  );
  await attempt.tellWorkflow();
  return attempt.run();
}

class TrainingAttempt {
  readonly #dependencies: ActivityDependencies;
  readonly #holder: LeaseHolder;
  readonly #prepared: Omit<PreparedTraining, 'job'>;
  /** Given away when training starts: the thread has its own copy, and the state in it is large. */
  #job: TrainingJob | undefined;
  readonly #activity: Context;
  readonly #recorder: StepRecorder;
  #writer: CheckpointWriter | undefined;
  /** The upload that goes on while training does; at most one. */
  #upload: Promise<void> = Promise.resolve();
  #latest: CommittedCheckpoint | null;
  #longestRunSeconds: number | null = null;
  #lastNotice = 0;

  constructor(
    dependencies: ActivityDependencies,
    holder: LeaseHolder,
    prepared: PreparedTraining,
    activity: Context,
  ) {
    this.#dependencies = dependencies;
    this.#holder = holder;
    const { job, ...rest } = prepared;
    this.#prepared = rest;
    this.#job = job;
    this.#activity = activity;
    this.#latest = rest.resumedFrom;
    this.#recorder = new StepRecorder({
      ledger: dependencies.repositories.ledger,
      holder,
      totalSteps: prepared.totalSteps,
      stepsAnEpoch: totalSteps(prepared.exampleCount, { ...prepared.job.recipe, epochs: 1 }),
      start: prepared.ledger,
    });
  }

  async run(): Promise<FineTuneResult> {
    const { stopping } = this.#dependencies;
    const { cancellationSignal } = this.#activity;
    if (this.#recorder.position.steps >= this.#prepared.totalSteps)
      return { outcome: 'completed', checkpoint: this.#latest };
    const run = startTraining(this.#takeJob());
    const stop = (): void => run.stop();
    stopping.addEventListener('abort', stop);
    cancellationSignal.addEventListener('abort', stop);
    if (stopping.aborted || cancellationSignal.aborted) stop();
    try {
      const outcome = await this.#follow(run);
      if (outcome === 'finished') return { outcome: 'completed', checkpoint: this.#latest };
      if (cancellationSignal.aborted)
        throw new CancelledFailure('Training was cancelled and its last steps are kept.');
      return { outcome: 'handedBack', checkpoint: this.#latest };
    } finally {
      stopping.removeEventListener('abort', stop);
      cancellationSignal.removeEventListener('abort', stop);
      await run.kill();
    }
  }

  #takeJob(): TrainingJob {
    const job = this.#job;
    if (job === undefined) throw new Error('an attempt runs once');
    this.#job = undefined;
    return job;
  }

  async #follow(run: TrainingRun): Promise<'finished' | 'stopped'> {
    for await (const event of run.events) {
      this.#heartbeat();
      if (event.kind === 'ended') {
        await this.#upload;
        await this.#recorder.flush();
        await this.tellWorkflow();
        return event.outcome;
      }
      await this.#take(event);
    }
    throw new Error('the engine ended without saying so');
  }

  async #take(event: Exclude<TrainingEvent, { kind: 'ended' }>): Promise<void> {
    switch (event.kind) {
      case 'phase':
        if (event.profile !== undefined) await this.#begin(event.profile);
        return;
      case 'steps':
        this.#longestRunSeconds = Math.max(this.#longestRunSeconds ?? 0, event.seconds);
        await this.#recorder.add(event.steps, event.seconds);
        return;
      case 'checkpoint':
        await this.#upload;
        await this.#recorder.flush();
        this.#upload = this.#keep(event.state, this.#recorder.position);
        // Whoever waits for the upload next meets its failure; until then it must not count as unhandled.
        this.#upload.catch(() => undefined);
        return;
    }
  }

  async #begin(profile: NumericProfile): Promise<void> {
    const { repositories } = this.#dependencies;
    const { blobs, manifests, frame, ledger } = this.#prepared;
    await repositories.attempts.setAttemptProfile(this.#holder, {
      profile: { ...profile },
      threads: profile.threads,
      provider: profile.provider,
      startStep: ledger.steps,
    });
    this.#writer = new CheckpointWriter({
      blobs,
      manifests,
      rows: repositories.checkpoints,
      holder: this.#holder,
      frame: { ...frame, profile: { ...profile } },
      onProgress: () => this.#heartbeat(),
    });
  }

  async #keep(...checkpoint: Parameters<CheckpointWriter['write']>): Promise<void> {
    if (this.#writer === undefined) throw new Error('a checkpoint came before the numeric profile');
    this.#latest = await this.#writer.write(...checkpoint);
    this.#heartbeat();
    if (Date.now() - this.#lastNotice >= noticeIntervalSeconds * 1000) await this.tellWorkflow();
  }

  #heartbeat(): void {
    this.#activity.heartbeat({ step: this.#recorder.position.steps, checkpoint: this.#latest });
  }

  /** Tells the workflow of the latest checkpoint. Resuming reads rows, not this: a telling that fails loses nothing. */
  async tellWorkflow(): Promise<void> {
    this.#lastNotice = Date.now();
    const notice: CheckpointNotice = { checkpoint: this.#latest, longestRunSeconds: this.#longestRunSeconds };
    const { temporal, log } = this.#dependencies;
    const handle = temporal.workflow.getHandle(childWorkflowId.training(this.#holder.experimentId));
    await handle.signal(signalNames.checkpointCommitted, notice).catch((error: unknown) => {
      log.warn({ reason: messageOf(error) }, 'the workflow was not told of a checkpoint');
    });
  }
}
