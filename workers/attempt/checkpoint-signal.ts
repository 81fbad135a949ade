// Tells the training workflow of checkpoints. Resuming reads rows, not this: a signal that fails loses nothing.
import type { Client } from '@temporalio/client';
import { messageOf } from '../../src/thrown.ts';
import type { CheckpointNotice } from '../../src/experiment/activity.ts';
import { signalNames } from '../../src/experiment/name.ts';
import type { Logger } from '../../src/log.ts';
import { callWithin } from '../../src/temporal/call-within.ts';

/** The workflow is told at most this often: each signal makes its history longer. */
const leastIntervalMilliseconds = 10_000;
/** The older an attempt is the rarer, so that one of months does not fill a history either. */
const intervalsAnAge = 100;
/** Training waits no longer for a server that does not answer. */
const deadlineSeconds = 5;

/** Signals the checkpoints of one attempt, the rarer the longer it lasts. */
export class CheckpointSignal {
  readonly #temporal: Client;
  readonly #log: Logger;
  readonly #workflowId: string;
  readonly #began = performance.now();
  /** An attempt that is over sooner tells by its result. */
  #last = this.#began;

  /** @param workflowId of the training workflow. */
  constructor(temporal: Client, log: Logger, workflowId: string) {
    this.#temporal = temporal;
    this.#log = log;
    this.#workflowId = workflowId;
  }

  /** Whether the last signal is long enough ago. */
  get isDue(): boolean {
    const now = performance.now();
    const interval = Math.max(leastIntervalMilliseconds, (now - this.#began) / intervalsAnAge);
    return now - this.#last >= interval;
  }

  async send(notice: CheckpointNotice): Promise<void> {
    this.#last = performance.now();
    const handle = this.#temporal.workflow.getHandle(this.#workflowId);
    await callWithin(this.#temporal, deadlineSeconds, () =>
      handle.signal(signalNames.checkpointCommitted, notice),
    ).catch((error: unknown) => {
      this.#log.warn({ reason: messageOf(error) }, 'the workflow was not told of a checkpoint');
    });
  }
}
