// Every second of an experiment in one portion: the attempts, and the times between them.
import {
  causeOfEnd,
  type Portion,
  type Spending,
  type TimedAttempt,
  type TimedExperiment,
  type WasteCause,
} from './waste.ts';

/**
 * The portions of an experiment from its creation to its end, or to `now`. Of an attempt that still runs only what it has
 * reported counts so far.
 */
export function portionsOf(experiment: TimedExperiment, now: Date): Portion[] {
  const { createdAt, finishedAt, attempts } = experiment;
  const pauses = experiment.pauses.map(({ from, to }) => ({ from, to: to ?? finishedAt ?? now }));
  const portions: Portion[] = [];
  let from = createdAt;
  let before: TimedAttempt | undefined;
  for (const [index, attempt] of attempts.entries()) {
    portions.push(...waiting(from, attempt.startedAt, before, pauses));
    const isFinal = finishedAt !== null && index === attempts.length - 1;
    portions.push(...portionsOfAttempt(attempt, { before, isFinal, now }));
    from = attempt.endedAt ?? now;
    before = attempt;
  }
  portions.push(...waiting(from, finishedAt ?? now, before, pauses));
  return portions.filter(({ seconds }) => seconds > 0);
}

/** The time between two attempts: paused, or waiting for a worker. */
function waiting(
  from: Date,
  to: Date,
  before: TimedAttempt | undefined,
  pauses: readonly { readonly from: Date; readonly to: Date }[],
): Portion[] {
  const cause = causeOfEnd(before) ?? 'queue';
  const queued = (start: Date, end: Date): Portion => ({
    spending: 'queued',
    cause,
    seconds: secondsBetween(start, end),
    from: start,
    to: end,
  });
  const portions: Portion[] = [];
  let start = from;
  for (const pause of pauses) {
    const begin = pause.from > start ? pause.from : start;
    const end = pause.to < to ? pause.to : to;
    if (begin >= end) continue;
    portions.push(queued(start, begin));
    portions.push({
      spending: 'paused',
      cause: null,
      seconds: secondsBetween(begin, end),
      from: begin,
      to: end,
    });
    start = end;
  }
  portions.push(queued(start, to));
  return portions;
}

interface Surroundings {
  /** The attempt before. */
  readonly before: TimedAttempt | undefined;
  /** Whether the experiment ended with this attempt. */
  readonly isFinal: boolean;
  readonly now: Date;
}

/** The portions of an attempt from its start to its end, which together are as long as it was. */
function portionsOfAttempt(attempt: TimedAttempt, surroundings: Surroundings): Portion[] {
  if (attempt.phase === 'training') return portionsOfTraining(attempt, surroundings);
  const { startedAt: from, endedAt, phase } = attempt;
  const to = endedAt ?? surroundings.now;
  const seconds = secondsBetween(from, to);
  const cause = causeOfEnd(attempt, surroundings.isFinal);
  // One that did not complete is done anew.
  if (cause !== undefined) return [{ spending: 'stalled', cause, seconds, from, to }];
  return [{ spending: phase === 'preparing' ? 'preparing' : 'evaluation', cause: null, seconds, from, to }];
}

function portionsOfTraining(attempt: TimedAttempt, { before, isFinal, now }: Surroundings): Portion[] {
  const { startedAt, endedAt, restoredAt } = attempt;
  const end = endedAt ?? now;
  const ready = restoredAt ?? end;
  const causeBefore = causeOfEnd(before);
  const restoring: Portion = {
    spending: 'restoring',
    cause: causeBefore ?? 'start',
    seconds: secondsBetween(startedAt, ready),
    from: startedAt,
    to: ready,
  };
  const total = secondsBetween(ready, end);
  const { usefulSeconds, repeatedSeconds, checkpointSeconds, evaluationSeconds } = attempt;
  const measured = usefulSeconds + repeatedSeconds + checkpointSeconds + evaluationSeconds;
  // Two clocks never agree to the end: what was measured is not more than there was.
  const scale = measured > total ? total / measured : 1;
  const portion = (spending: Spending, cause: WasteCause | null, seconds: number): Portion => ({
    spending,
    cause,
    seconds: seconds * scale,
    from: ready,
    to: end,
  });
  const portions = [
    restoring,
    portion('useful', null, usefulSeconds),
    portion('repeated', causeBefore ?? 'fork', repeatedSeconds),
    portion('stalled', 'checkpoint', checkpointSeconds),
    portion('evaluation', null, evaluationSeconds),
  ];
  // What nobody measured: until a silence was noticed, or until the last checkpoint was kept.
  if (endedAt !== null)
    portions.push(portion('stalled', causeOfRest(attempt, isFinal), Math.max(0, total - measured)));
  return portions;
}

/** Whoever ends of itself spends the rest of its time with its last checkpoint. */
function causeOfRest(attempt: TimedAttempt, isFinal: boolean): WasteCause {
  const isAbrupt = attempt.cause === 'lost' || attempt.cause === 'failed';
  return (isAbrupt ? causeOfEnd(attempt, isFinal) : undefined) ?? 'checkpoint';
}

function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, (to.getTime() - from.getTime()) / 1000);
}
