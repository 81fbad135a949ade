// How an error leaves an activity: its code becomes the failure's type, and a fault of the user is not tried again.
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { CodedError, isUserFault } from '../../src/error.ts';
import type { Logger } from '../../src/log.ts';

/** Runs an activity's work; what it throws arrives at the workflow with a code. */
export async function withCodedFailures<T>(log: Logger, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
    log.warn({ err: error }, 'an activity failed');
    const coded = error instanceof CodedError;
    throw ApplicationFailure.create({
      // What is not coded may hold paths or addresses: it goes to the log alone.
      message: coded ? error.message : 'The worker met an unexpected fault.',
      type: coded ? error.code : 'internal',
      nonRetryable: isUserFault(error),
    });
  }
}
