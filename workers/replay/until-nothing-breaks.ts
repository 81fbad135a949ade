// The coordinator worker's check before it polls: would its code break workflows that are running?
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ReplayConfig } from '../../src/config.ts';
import type {
  BrokenWorkflow,
  WorkerRefusalRepository,
} from '../../src/database/worker-refusal-repository.ts';
import { messageOf } from '../../src/thrown.ts';
import type { Logger } from '../../src/log.ts';
import { callWithin } from '../../src/temporal/call-within.ts';
import { sampleRunningWorkflows } from '../../src/temporal/running-workflows.ts';
import { whileWaiting } from '../../src/waiting/while-waiting.ts';
import type { HistoryReplayer } from './history-replayer.ts';
import { replayRunning } from './replay-running.ts';

/** A workflow that breaks may be ended meanwhile; more seldom, the API would take the worker for dead. */
const retrySeconds = 10;
/** A server that answers and does not list, as one that does not permit it, must not keep the worker from its work. */
const mostFailures = 6;
const callTimeoutSeconds = 60;

export interface PollingCheck {
  readonly client: Client;
  readonly replayer: HistoryReplayer;
  readonly refusals: Pick<WorkerRefusalRepository, 'refuse' | 'withdraw'>;
  readonly workerId: string;
  readonly log: Logger;
}

/**
 * Replays a sample of the running workflows until none breaks that may not. While one does, the log and the table of
 * refusals name it. Where the sample cannot be had six times in a row, the check is left out, and the log says so.
 */
export async function untilNothingBreaks(
  check: PollingCheck,
  config: ReplayConfig,
  stopping: AbortSignal,
): Promise<void> {
  if (config.sample === 0) return;
  let broken: readonly BrokenWorkflow[] = [];
  for (let failures = 0; !stopping.aborted;) {
    try {
      broken = await findBrokenAgain(check, config, broken);
      if (broken.length === 0) {
        await tell(check, []);
        return;
      }
      failures = 0;
      check.log.error(
        { workflows: broken },
        'does not poll: this code would break running workflows; run the code that they began with, end them, or name them in REPLAY_ALLOWED_BREAKS',
      );
      await tell(check, broken);
    } catch (error) {
      failures += 1;
      check.log.warn({ reason: messageOf(error), failures }, 'running workflows could not be replayed');
      if (failures >= mostFailures) {
        check.log.warn('polls without having replayed running workflows');
        return;
      }
    }
    // Stopping ends the wait early.
    await delay(retrySeconds * 1000, undefined, { signal: stopping }).catch(() => undefined);
  }
}

/** Says what is known to break for as long as it is looked whether it still does: a look may take longer than a refusal lasts. */
async function findBrokenAgain(
  check: PollingCheck,
  config: ReplayConfig,
  known: readonly BrokenWorkflow[],
): Promise<readonly BrokenWorkflow[]> {
  if (known.length === 0) return findBroken(check, config);
  let told = tell(check, known);
  const tellAgain = (): void => {
    told = told.then(() => tell(check, known));
  };
  try {
    return await whileWaiting(tellAgain, findBroken(check, config), retrySeconds);
  } finally {
    // What comes of the look is told after that.
    await told;
  }
}

async function findBroken(
  { client, replayer, log }: PollingCheck,
  { sample, allowedBreaks }: ReplayConfig,
): Promise<readonly BrokenWorkflow[]> {
  const began = performance.now();
  const runs = await callWithin(client, callTimeoutSeconds, async () =>
    replayRunning(client, replayer, await sampleRunningWorkflows(client, sample)),
  );
  const seconds = Math.round(performance.now() - began) / 1000;
  log.info({ workflows: runs.length, seconds }, 'replayed running workflows');
  const broken = runs.flatMap(({ workflowId, reason }) => (reason === null ? [] : [{ workflowId, reason }]));
  const isAllowed = ({ workflowId }: BrokenWorkflow): boolean => allowedBreaks.includes(workflowId);
  for (const workflow of broken.filter(isAllowed))
    log.warn({ ...workflow }, 'a workflow breaks, as is allowed');
  return broken.filter((workflow) => !isAllowed(workflow));
}

async function tell(
  { refusals, workerId, log }: PollingCheck,
  workflows: readonly BrokenWorkflow[],
): Promise<void> {
  try {
    if (workflows.length === 0) await refusals.withdraw(workerId);
    else await refusals.refuse({ workerId, workflows });
  } catch (error) {
    // The log has named them; the next look tells it again.
    log.warn({ reason: messageOf(error) }, 'readiness was not told');
  }
}
