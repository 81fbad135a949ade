// Starting a child under an id that follows from its experiment's: one that an earlier run of the coordinator has left makes
// room first.
import {
  getExternalWorkflowHandle,
  patched,
  sleep,
  startChild,
  TemporalFailure,
  type ChildWorkflowHandle,
  type ChildWorkflowOptions,
  type Workflow,
  type WithWorkflowArgs,
} from '@temporalio/workflow';

const retryIntervalSeconds = 1;
/** The interval doubles while the child before has not ended: keeping its last steps may take it long. */
const longestIntervalSeconds = 30;

/**
 * Starts a child. Where one of the same id runs still, it belongs to a coordinator that was terminated or that a restored
 * Temporal has forgotten: nobody waits for what it does, so it is cancelled, and the child starts when it has ended.
 *
 * @throws what Temporal's `startChild` does besides.
 */
export async function startSoleChild<T extends Workflow>(
  name: string,
  options: WithWorkflowArgs<T, ChildWorkflowOptions> & { readonly workflowId: string },
): Promise<ChildWorkflowHandle<T>> {
  for (let seconds = retryIntervalSeconds; ; seconds = Math.min(longestIntervalSeconds, 2 * seconds)) {
    try {
      return await startChild<T>(name, options);
    } catch (error) {
      if (!isTaken(error) || !patched('orphans-make-room')) throw error;
      // It may have ended meanwhile, which the next start shows. Where this workflow is cancelled, the wait ends with that.
      await getExternalWorkflowHandle(options.workflowId)
        .cancel()
        .catch(() => undefined);
      await sleep(`${patched('orphans-have-time') ? seconds : retryIntervalSeconds} s`);
    }
  }
}

/** By its name: the class is not of the workflow library. */
function isTaken(error: unknown): boolean {
  return error instanceof TemporalFailure && error.name === 'WorkflowExecutionAlreadyStartedError';
}
