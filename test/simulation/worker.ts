// A training worker of a simulation: the real attempt, over a simulated engine, store and database, in a process that may die.
import { asyncLocalStorage, CancelledFailure, Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { noopMetricMeter } from '@temporalio/common';
import type { Repositories } from '../../src/database/repositories.ts';
import type { FineTuneResult } from '../../src/experiment/activity.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { emptyLedgerHash } from '../../src/storage/ledger-hash.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { runAttempt } from '../../workers/attempt/run-attempt.ts';
import type { ActivityDependencies } from '../../workers/attempt/dependencies.ts';
import { TrainingAttempt } from '../../workers/attempt/training-attempt.ts';
import { throwIfEnding } from '../../workers/attempt/worker-stopping.ts';
import { lastIntactCheckpoint } from '../../workers/preparation/last-intact-checkpoint.ts';
import { manifestFrame } from '../workers/preparation/manifest-frame.ts';
import { databaseClient } from './database-client.ts';
import { initialState, jobOf, startEngine } from './engine.ts';
import { quietLog, reference } from './invariants.ts';
import { sabotaged } from './sabotage.ts';
import { SimulatedProcess } from './scheduler.ts';
import { storeClient } from './store-model.ts';
import { totalSteps, type World } from './world.ts';

const heartbeatTimeoutMilliseconds = 10_000;
const restart = { leastMilliseconds: 300, mostMilliseconds: 6_000 } as const;

/** How an attempt's end comes to the coordinator. */
export type AttemptEnd = { readonly result: FineTuneResult } | { readonly error: unknown };

/** Nothing is collected in a simulation. */
const unpinned = (): Promise<void> => Promise.resolve();

export class Worker {
  readonly name: string;
  readonly #world: World;
  #process: SimulatedProcess;
  #stopping = new AbortController();
  #cancelled = new AbortController();
  #isBusy = false;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.#process = this.#newProcess();
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  /** Whether it asks for work just now. */
  get isIdle(): boolean {
    const { isAlive, pausedUntil } = this.#process;
    return (
      isAlive && !this.#isBusy && !this.#stopping.signal.aborted && pausedUntil <= this.#world.scheduler.now
    );
  }

  /** As by SIGTERM: the attempt hands back what it has, and the process ends. */
  stop(): void {
    this.#inProcess('is asked to stop', () => {
      this.#stopping.abort();
      if (!this.#isBusy) this.#end();
    });
  }

  /** As Temporal cancels an attempt. */
  cancel(): void {
    this.#inProcess('is told of a cancellation', () => this.#cancelled.abort());
  }

  /** @param ended is not called when the process dies first. */
  run(heartbeat: () => void, ended: (end: AttemptEnd) => void): void {
    this.#isBusy = true;
    this.#cancelled = new AbortController();
    this.#inProcess('begins an attempt', () => {
      void this.#attempt(heartbeat)
        .then(
          (result) => ({ result }),
          (error: unknown) => ({ error }),
        )
        .then((end) => {
          this.#isBusy = false;
          ended(end);
          if (this.#stopping.signal.aborted) this.#end();
        });
    });
  }

  #inProcess(label: string, work: () => void): void {
    this.#world.scheduler.after(1, label, work, { owner: this.#process });
  }

  #end(): void {
    this.#world.scheduler.kill(this.#process);
  }

  #newProcess(): SimulatedProcess {
    const { scheduler, random } = this.#world;
    const process = new SimulatedProcess(this.name, () => {
      const wait = random.between(restart.leastMilliseconds, restart.mostMilliseconds);
      scheduler.after(wait, `${this.name} is started again`, () => {
        this.#process = this.#newProcess();
        this.#stopping = new AbortController();
        this.#isBusy = false;
      });
    });
    return process;
  }

  #attempt(heartbeat: () => void): Promise<FineTuneResult> {
    const process = this.#process;
    const world = this.#world;
    const dependencies = this.#dependencies(process);
    const activity = activityContext(this.#cancelled.signal, heartbeat);
    const onProgress = (): void => {
      throwIfEnding(dependencies.stopping, activity);
      activity.heartbeat();
    };
    return asyncLocalStorage.run(activity, () =>
      runAttempt(
        dependencies,
        reference,
        'training',
        async (holder) => {
          const blobs = projectBlobs(dependencies.store, reference.projectId, unpinned);
          const manifests = new CheckpointStore(dependencies.store, reference.projectId);
          const resumed = await lastIntactCheckpoint(
            { rows: dependencies.repositories.checkpoints, manifests, blobs, log: quietLog },
            reference,
            onProgress,
          );
          const start = sabotaged.start(world, resumed?.state ?? initialState());
          const { profile: _profile, ...frame } = manifestFrame(reference.experimentId);
          const prepared = {
            job: jobOf(start, world.checkpointEverySteps),
            isComplete: resumed?.manifest.step === totalSteps,
            isLast: true,
            retention: {
              settings: { checkpoint: { keepLast: totalSteps, keepBest: false }, earlyStopping: null },
              firstStep: 0,
            },
            exampleCount: 8,
            totalSteps,
            resumedFrom: resumed ? { step: resumed.manifest.step, id: resumed.id } : null,
            ledger: resumed?.manifest.ledger ?? { steps: 0, sha256: emptyLedgerHash },
            blobs,
            manifests,
            frame,
          };
          const attempt = new TrainingAttempt(dependencies, holder, prepared, activity, {
            start: (job) => startEngine(world.scheduler, process, world.engineFaults, totalSteps, job),
            pause: (milliseconds) => world.scheduler.wait(process, milliseconds, 'goes on waiting'),
          });
          return attempt.run();
        },
        ({ outcome }) => outcome,
      ),
    );
  }

  #dependencies(process: SimulatedProcess): ActivityDependencies {
    const world = this.#world;
    const store = storeClient(world.scheduler, world.storeService, world.store, process);
    const clients = sabotaged.clients(world, { store, repositories: databaseClient(world, process) });
    return {
      store: clients.store,
      // The attempt asks no more of them than what the client has.
      repositories: clients.repositories as unknown as Repositories,
      temporal: {
        workflow: { getHandle: () => ({ signal: () => Promise.resolve() }) },
        withDeadline: (_deadline: number, work: () => Promise<void>) => work(),
      } as unknown as Client,
      config: {
        executionProvider: 'cpu',
        executionDevice: 0,
        graphCacheDirectory: '',
        trainingThreads: 1,
        hub: { url: '', token: null },
        limits: { datasetBytes: 1, modelBytes: 1 },
      },
      host: this.name,
      stopping: this.#stopping.signal,
      endProcess: () => world.scheduler.kill(process),
      log: quietLog,
    };
  }
}

function activityContext(cancellationSignal: AbortSignal, heartbeat: () => void): Context {
  const cancelled = new Promise<never>((_resolve, reject) => {
    cancellationSignal.addEventListener('abort', () => reject(new CancelledFailure('CANCELLED')));
  });
  // Whoever sleeps hears of it.
  cancelled.catch(() => undefined);
  const info = {
    heartbeatTimeoutMs: heartbeatTimeoutMilliseconds,
    workflowExecution: { workflowId: 'training', runId: 'run' },
  };
  return new Context(
    info as Context['info'],
    cancelled,
    cancellationSignal,
    heartbeat,
    undefined,
    quietLog as unknown as Context['log'],
    noopMetricMeter,
    {},
  );
}
