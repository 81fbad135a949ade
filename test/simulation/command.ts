// `npm run simulate`: many seeds, or one that failed with all that is known of it.
import { parseArgs } from 'node:util';
import { report, simulate, undisturbedRun, type Simulated } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});

const undisturbed = await undisturbedRun();
const write = (text: string): void => void process.stdout.write(`${text}\n`);

if (values.seed === undefined) await simulateMany(count(values.first), count(values.seeds));
else {
  const simulated = await simulate(count(values.seed), undisturbed);
  write(report(simulated));
  write(`${simulated.outcome}; trace sha256 ${simulated.traceSha256}; ${JSON.stringify(simulated.counts)}`);
  if (simulated.violation !== undefined) process.exitCode = 1;
}

async function simulateMany(first: number, seeds: number): Promise<void> {
  const began = performance.now();
  const totals = { events: 0, attempts: 0, leases: 0, stepsRepeated: 0, simulatedSeconds: 0 };
  const endings = new Map<string, number>();
  let violations = 0;
  for (let seed = first; seed < first + seeds; seed += 1) {
    const simulated = await simulate(seed, undisturbed);
    addTo(totals, simulated);
    endings.set(simulated.outcome, (endings.get(simulated.outcome) ?? 0) + 1);
    if (simulated.violation === undefined) continue;
    violations += 1;
    write(report(simulated));
  }
  const { events, attempts, stepsRepeated, simulatedSeconds } = totals;
  const ended = [...endings].map(([outcome, times]) => `${outcome} ${times}`).join(', ');
  write(`seeds ${first} to ${first + seeds - 1}: ${violations} violations; ended: ${ended}`);
  write(`${attempts} attempts, ${stepsRepeated} steps computed again, ${events} events`);
  const took = ((performance.now() - began) / 1000).toFixed(0);
  write(`${(simulatedSeconds / 3600).toFixed(0)} simulated hours in ${took} s`);
  if (violations > 0) process.exitCode = 1;
}

function addTo(totals: Record<keyof Simulated['counts'], number>, { counts }: Simulated): void {
  totals.events += counts.events;
  totals.attempts += counts.attempts;
  totals.leases += counts.leases;
  totals.stepsRepeated += counts.stepsRepeated;
  totals.simulatedSeconds += counts.simulatedSeconds;
}

/** @throws RangeError for what is no whole number. */
function count(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${text} is no whole number`);
  return number;
}
