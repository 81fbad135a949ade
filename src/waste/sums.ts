// Portions of time added up: of one experiment, and by day and cause of many.
import { wasteCauses, type Portion, type Spending, type WasteCause } from './waste.ts';

export const millisecondsADay = 86_400_000;

interface SecondsByCause {
  readonly cause: WasteCause;
  readonly seconds: number;
}

/** Where the seconds of an experiment went. */
export interface Waste {
  readonly usefulSeconds: number;
  readonly repeatedSeconds: number;
  readonly restoringSeconds: number;
  readonly queuedSeconds: number;
  readonly stalledSeconds: number;
  readonly evaluationSeconds: number;
  readonly preparingSeconds: number;
  readonly pausedSeconds: number;
  /** Of the seconds that were neither evaluation nor preparation nor pause, those in steps that counted; null: none yet. */
  readonly usefulShare: number | null;
  /** The seconds that were none of those, by what caused them. They add up to the repeated, restoring, queued and stalled ones. */
  readonly causes: readonly SecondsByCause[];
}

/**
 * The portions of one experiment, added up: seconds by what they were spent in, and by what caused those that brought
 * nothing.
 */
export function wasteOf(portions: readonly Portion[]): Waste {
  const spent = (spending: Spending): number =>
    sum(portions.filter((portion) => portion.spending === spending));
  const useful = spent('useful');
  return {
    usefulSeconds: useful,
    repeatedSeconds: spent('repeated'),
    restoringSeconds: spent('restoring'),
    queuedSeconds: spent('queued'),
    stalledSeconds: spent('stalled'),
    evaluationSeconds: spent('evaluation'),
    preparingSeconds: spent('preparing'),
    pausedSeconds: spent('paused'),
    usefulShare: shareOf(useful, sum(portions.filter(({ cause }) => cause !== null))),
    causes: wasteCauses.flatMap((cause) => {
      const seconds = sum(portions.filter((portion) => portion.cause === cause));
      return seconds > 0 ? [{ cause, seconds }] : [];
    }),
  };
}

/** A day in UTC, as `2026-11-28`, with what of it went where. */
export interface DayOfWaste {
  readonly day: string;
  readonly usefulSeconds: number;
  readonly causes: ReadonlyMap<WasteCause, number>;
}

/** Adds up by day what is useful and what is waste, for the days that a range touches. */
export class WasteByDay {
  readonly #days = new Map<string, { usefulSeconds: number; causes: Map<WasteCause, number> }>();
  readonly #from: number;
  readonly #to: number;

  /** @param range in milliseconds since 1970, both at midnight in UTC; the end is not part of it. */
  constructor({ from, to }: { readonly from: number; readonly to: number }) {
    this.#from = from;
    this.#to = to;
  }

  add({ spending, cause, seconds, from, to }: Portion): void {
    if (spending !== 'useful' && cause === null) return;
    const length = to.getTime() - from.getTime();
    for (let start = Math.max(from.getTime(), this.#from); start < Math.min(to.getTime(), this.#to);) {
      const midnight = (Math.floor(start / millisecondsADay) + 1) * millisecondsADay;
      const end = Math.min(midnight, to.getTime());
      const share = (seconds * (end - start)) / length;
      const day = this.#day(new Date(start).toISOString().slice(0, 10));
      if (cause === null) day.usefulSeconds += share;
      else day.causes.set(cause, (day.causes.get(cause) ?? 0) + share);
      start = end;
    }
  }

  /** The days on which anything was spent, the first first. */
  days(): DayOfWaste[] {
    return [...this.#days]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([day, spent]) => ({ day, ...spent }));
  }

  #day(name: string): { usefulSeconds: number; causes: Map<WasteCause, number> } {
    const found = this.#days.get(name) ?? { usefulSeconds: 0, causes: new Map<WasteCause, number>() };
    this.#days.set(name, found);
    return found;
  }
}

/** null where there is nothing to have a share of. */
export function shareOf(useful: number, wasted: number): number | null {
  return useful + wasted > 0 ? useful / (useful + wasted) : null;
}

function sum(portions: readonly Portion[]): number {
  return portions.reduce((total, { seconds }) => total + seconds, 0);
}
