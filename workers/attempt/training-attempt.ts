// One attempt at training: follows the engine, records every step, and keeps checkpoints while training goes on.
import { setTimeout as delay } from 'node:timers/promises';
import { CancelledFailure, type Context } from '@temporalio/activity';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { CommittedCheckpoint, FineTuneResult } from '../../src/experiment/activity.ts';
import { stepsPerEpoch } from '../../src/training/batch-order.ts';
import type { NumericProfile, TrainingEvent, TrainingJob, TrainingRun } from '../../src/training/job.ts';
import { startTraining } from '../../src/training/trainer.ts';
import type { PreparedTraining } from '../preparation/prepare-training.ts';
import { AttemptClock } from './attempt-clock.ts';
import { calibratedJob, CalibrationRecorder, thisMachine } from './calibration.ts';
import { CheckpointSignal } from './checkpoint-signal.ts';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { longestOutageSeconds, throughOutage, type OutagePatience } from './database-outage.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { StepRecorder } from './step-recorder.ts';
import { watchedRun } from './watched-run.ts';
import { Watchdog } from './watchdog.ts';

/** What an attempt is driven by, so that a simulation can stand in for threads and time. */
export interface AttemptDrive {
  readonly start: (job: TrainingJob) => TrainingRun;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

const engineAndClock: AttemptDrive = {
  start: (job) => startTraining(job, { takesState: true }),
  // Not the activity's own sleep: a cancelled attempt, too, keeps its last steps.
  pause: (milliseconds) => delay(milliseconds),
};

/** One attempt at training, from what is prepared to its outcome. It runs once. */
export class TrainingAttempt {
  readonly #dependencies: ActivityDependencies;
  readonly #holder: LeaseHolder;
  readonly #prepared: Omit<PreparedTraining, 'job'>;
  /** Given away when training starts: the thread has its own copy, and the state in it is large. */
  #job: TrainingJob | undefined;
  readonly #activity: Context;
  readonly #drive: AttemptDrive;
  readonly #patience: OutagePatience;
  readonly #clock = new AttemptClock();
  readonly #recorder: StepRecorder;
  readonly #signal: CheckpointSignal;
  readonly #calibration: CalibrationRecorder;
  #writer: CheckpointWriter | undefined;
  /** The upload that goes on while training does; at most one. */
  #upload: Promise<void> = Promise.resolve();
  #latest: CommittedCheckpoint | null;
  #longestRunSeconds: number | null = null;

  constructor(
    dependencies: ActivityDependencies,
    holder: LeaseHolder,
    { job, ...prepared }: PreparedTraining,
    activity: Context,
    drive: AttemptDrive = engineAndClock,
  ) {
    this.#dependencies = dependencies;
    this.#holder = holder;
    this.#prepared = prepared;
    this.#job = job;
    this.#activity = activity;
    this.#drive = drive;
    this.#latest = prepared.resumedFrom;
    // The engine pauses meanwhile, when its checkpoints pile up.
    this.#patience = {
      heartbeat: () => this.#heartbeat(),
      pause: drive.pause,
      stopping: dependencies.stopping,
      mostSeconds: longestOutageSeconds,
    };
    this.#recorder = new StepRecorder({
      ledger: dependencies.repositories.ledger,
      holder,
      totalSteps: prepared.totalSteps,
      stepsAnEpoch: stepsPerEpoch(prepared.exampleCount, job.recipe),
      start: prepared.ledger,
      patience: this.#patience,
      times: () => this.#clock.times,
    });
    this.#signal = new CheckpointSignal(dependencies.temporal, dependencies.log, workflowOf(activity));
    this.#calibration = new CalibrationRecorder({
      calibrations: dependencies.repositories.calibrations,
      machine: thisMachine(dependencies.host),
      job: calibratedJob(job),
      log: dependencies.log,
      nowMilliseconds: () => performance.now(),
    });
  }

  /**
   * Trains until the end, a stop of the worker or a cancellation. To be called once.
   *
   * @throws CancelledFailure when the steps up to the cancellation are kept; what the engine, the stores or the database
   * throw.
   */
  async run(): Promise<FineTuneResult> {
    if (this.#latest !== null) await this.#signalCheckpoint();
    if (this.#prepared.isComplete) return { outcome: 'completed', checkpoint: this.#latest };
    const { stopping } = this.#dependencies;
    const { cancellationSignal } = this.#activity;
    const watchdog = new Watchdog(this.#dependencies, this.#activity);
    const run = watchedRun(this.#drive.start(this.#takeJob()), watchdog);
    const stop = (): void => run.stop();
    stopping.addEventListener('abort', stop);
    cancellationSignal.addEventListener('abort', stop);
    if (stopping.aborted || cancellationSignal.aborted) stop();
    try {
      const outcome = await this.#follow(run);
      if (outcome === 'finished') return { outcome: 'completed', checkpoint: this.#latest };
      // A stop goes first: the cancellation may be the one that ends the worker's grace time.
      if (stopping.aborted) return { outcome: 'handedBack', checkpoint: this.#latest };
      throw new CancelledFailure('Training was cancelled and its last steps are kept.');
    } finally {
      stopping.removeEventListener('abort', stop);
      cancellationSignal.removeEventListener('abort', stop);
      await this.#end(run);
    }
  }

  /** Nothing of the attempt runs on after this: no thread, and no upload whose fault nobody hears of. */
  async #end(run: TrainingRun): Promise<void> {
    await run.abandon();
    await this.#calibration.record();
    // Its failure was met by who waited for it, or is the lesser one beside what ended the attempt.
    await this.#upload.catch(() => undefined);
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
        // The result of an attempt that finishes tells the same.
        if (event.outcome !== 'finished') await this.#signalCheckpoint();
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
        this.#clock.addSteps(event.steps, event.seconds);
        await this.#recorder.add(event.steps, event.seconds);
        await this.#calibration.add(event.steps, event.seconds);
        return;
      case 'evaluating':
        return;
      case 'evaluation':
        await this.#recorder.flush();
        this.#clock.addEvaluation(event.seconds);
        await throughOutage(this.#patience, () =>
          this.#dependencies.repositories.metrics.recordEvaluation(this.#holder, {
            ...event,
            evaluationSeconds: this.#clock.times.evaluationSeconds,
          }),
        );
        return;
      case 'checkpoint':
        this.#clock.addCheckpoint(event.stallSeconds);
        await this.#upload;
        await this.#recorder.flush();
        this.#upload = this.#keep(event.state, this.#recorder.position);
        // Whoever waits for the upload next meets its failure; until then it must not count as unhandled.
        this.#upload.catch(() => undefined);
        return;
    }
  }

  async #begin(profile: NumericProfile): Promise<void> {
    this.#calibration.begin(profile);
    const { repositories } = this.#dependencies;
    const { blobs, manifests, frame, retention, ledger } = this.#prepared;
    const { recordedStep } = await throughOutage(this.#patience, () =>
      repositories.attempts.setAttemptProfile(this.#holder, {
        profile: { ...profile },
        threads: profile.threads,
        provider: profile.provider,
        startStep: ledger.steps,
      }),
    );
    this.#clock.begin(recordedStep);
    this.#writer = new CheckpointWriter({
      blobs,
      manifests,
      rows: repositories.checkpoints,
      holder: this.#holder,
      frame: { ...frame, profile: { ...profile } },
      retention,
      pin: repositories.pins.forUpload(this.#holder.projectId),
      patience: this.#patience,
      onProgress: () => this.#heartbeat(),
    });
  }

  async #keep(...checkpoint: Parameters<CheckpointWriter['write']>): Promise<void> {
    if (this.#writer === undefined) throw new Error('a checkpoint came before the numeric profile');
    this.#latest = await this.#writer.write(...checkpoint);
    this.#heartbeat();
    if (this.#signal.isDue) await this.#signalCheckpoint();
  }

  #heartbeat(): void {
    this.#activity.heartbeat({ step: this.#recorder.position.steps, checkpoint: this.#latest });
  }

  #signalCheckpoint(): Promise<void> {
    return this.#signal.send({ checkpoint: this.#latest, longestRunSeconds: this.#longestRunSeconds });
  }
}

function workflowOf({ info }: Context): string {
  if (info.workflowExecution === undefined) throw new Error('training is an activity of a workflow');
  return info.workflowExecution.workflowId;
}
