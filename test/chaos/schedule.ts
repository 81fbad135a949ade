// What a campaign does to the stack, and when: decided by a seed alone.

/** Processes that are killed, stopped and told to end. */
export const processTargets = [
  'training-worker',
  'second-training-worker',
  'coordinator-worker',
  'evaluation-worker',
  'api',
  'temporal',
  'postgres',
] as const;
export type ProcessTarget = (typeof processTargets)[number];

export const storeFaults = [
  'slow',
  'status 500',
  'status 503',
  'cut answer',
  'cut request',
  'twice',
] as const;
export type StoreFault = (typeof storeFaults)[number];

/** The disks of the stack: that of the S3 server, of the workers' scratch files, and of PostgreSQL and Temporal. */
export const diskTargets = ['store disk', 'scratch disk', 'database disk'] as const;
export type DiskTarget = (typeof diskTargets)[number];

/** Programs of Node: these alone can be shown another time. */
export const clockTargets = ['training-worker', 'coordinator-worker', 'evaluation-worker', 'api'] as const;
export type ClockTarget = (typeof clockTargets)[number];

export type Fault =
  | { readonly fault: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP'; readonly target: ProcessTarget }
  | { readonly fault: StoreFault; readonly target: 'store' }
  | { readonly fault: 'full'; readonly target: DiskTarget }
  | { readonly fault: 'clock jump'; readonly target: ClockTarget; readonly jumpSeconds: number };

export type ScheduledFault = Fault & {
  readonly atSeconds: number;
  /** 0 for what happens in a moment. */
  readonly durationSeconds: number;
};

const killsOf: Readonly<Record<ProcessTarget, number>> = {
  'training-worker': 5,
  'second-training-worker': 5,
  'coordinator-worker': 3,
  'evaluation-worker': 3,
  api: 3,
  temporal: 2,
  postgres: 2,
};
/** Ahead and back, by more and by less than what an S3 server allows a signature. */
const clockJumpsSeconds = [7200, -7200, 90, -90];
const shortestGapSeconds = 1;
const longestGapSeconds = 5;

/** Uniform numbers in [0, 1), 32 bits of state: Mulberry32 (Tommy Ettinger, public domain). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The items in an order that the numbers decide (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}

/**
 * Faults in the order of their times, the last before `seconds`. The same seed gives the same list, and a longer one begins
 * with the shorter. Each kind of fault comes once before any comes again, kills of the more important parts more often.
 */
export function scheduleFaults(seed: number, seconds: number): ScheduledFault[] {
  const random = randomNumbers(seed);
  const between = (least: number, most: number): number =>
    Math.round((least + random() * (most - least)) * 1000) / 1000;
  const scheduled: ScheduledFault[] = [];
  let deck: Fault[] = [];
  let atSeconds = 0;
  for (;;) {
    if (deck.length === 0) deck = shuffled(allFaults(), random);
    const fault = deck.pop();
    atSeconds = Math.round((atSeconds + between(shortestGapSeconds, longestGapSeconds)) * 1000) / 1000;
    if (fault === undefined || atSeconds >= seconds) return scheduled;
    const [least, most] = durationsOf(fault);
    scheduled.push({ ...fault, atSeconds, durationSeconds: between(least, most) });
  }
}

function allFaults(): Fault[] {
  const signals = processTargets.flatMap((target): Fault[] => [
    ...Array.from({ length: killsOf[target] }, (): Fault => ({ fault: 'SIGKILL', target })),
    { fault: 'SIGTERM', target },
    { fault: 'SIGSTOP', target },
  ]);
  return [
    ...signals,
    ...storeFaults.map((fault): Fault => ({ fault, target: 'store' })),
    ...diskTargets.map((target): Fault => ({ fault: 'full', target })),
    ...clockTargets.map((target, index): Fault => ({
      fault: 'clock jump',
      target,
      jumpSeconds: clockJumpsSeconds[index % clockJumpsSeconds.length] ?? 0,
    })),
  ];
}

function durationsOf({ fault }: Fault): readonly [number, number] {
  if (fault === 'SIGKILL' || fault === 'SIGTERM') return [0, 0];
  // Around the heartbeat timeout of 10 s: some are replaced meanwhile, others are not.
  if (fault === 'SIGSTOP') return [1, 20];
  return [3, 10];
}
