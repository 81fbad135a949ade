// What workflows have written down about an experiment, for however long the database is away.
import { isCancellation, patched, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type {
  CoordinatorActivities,
  CoordinatorVerificationActivities,
} from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';

/** Each may be made twice: the second time changes nothing. */
type Writes = CoordinatorActivities & CoordinatorVerificationActivities;

/**
 * Within the workflow's task, by the worker that has it: nothing is sent through Temporal and back. Such a task is kept open
 * meanwhile, which a history grows with, so that an outage is not waited for here.
 */
const atOnce = proxyLocalActivities<Writes>({
  startToCloseTimeout: '5 s',
  retry: { initialInterval: '0.2 s', maximumAttempts: 2 },
});

/** Tried again by Temporal, which writes nothing into the history for that. */
const inTheEnd = proxyActivities<Writes>({
  taskQueue: taskQueues.coordinator,
  startToCloseTimeout: '60 s',
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '10 s' },
});

type InputOf<Name extends keyof Writes> = Parameters<Writes[Name]>[0];

function lasting<Input, Output>(
  write: (writes: Writes, input: Input) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return async (input) => {
    if (!patched('writes-within-the-task')) return write(inTheEnd, input);
    try {
      return await write(atOnce, input);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return write(inTheEnd, input);
    }
  };
}

export const recordTransition = lasting((writes, transition: InputOf<'recordTransition'>) =>
  writes.recordTransition(transition),
);

export const publishReport = lasting((writes, evaluated: InputOf<'publishReport'>) =>
  writes.publishReport(evaluated),
);

export const revokeAttempt = lasting((writes, experiment: InputOf<'revokeAttempt'>) =>
  writes.revokeAttempt(experiment),
);

export const recordVerdict = lasting((writes, verdict: InputOf<'recordVerdict'>) =>
  writes.recordVerdict(verdict),
);
