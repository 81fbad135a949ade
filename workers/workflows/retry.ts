// How often a fault of the machine is tried again. A fault of the user is marked not retryable where it arises.

export const retryIntervalSeconds = 2;

/** Attempts in a row, without anything new kept, after which the experiment fails. */
export const maximumFruitlessAttempts = 10;

/** For activities that start anew each time. */
export const machineRetry = {
  initialInterval: `${retryIntervalSeconds} s`,
  backoffCoefficient: 1,
  maximumAttempts: maximumFruitlessAttempts,
} as const;
