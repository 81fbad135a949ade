// How long an activity may be silent before it counts as dead.

const leastTimeoutSeconds = 10;
/** A hung engine is told from a slow one by this many times its longest run. */
const patience = 3;

/** @param runSeconds the longest time between two signs of progress. */
export function heartbeatTimeout(runSeconds: number): `${number} s` {
  return `${Math.ceil(Math.max(leastTimeoutSeconds, patience * runSeconds))} s`;
}
