// A fault campaign: experiments are trained undisturbed, then the same ones while faults come, and both are compared.
import { setTimeout as delay } from 'node:timers/promises';
import { uploadExample } from '../journeys/example-experiment.ts';
import { AttemptWatch } from './attempt-watch.ts';
import { DisturbedStack } from './disturbed-stack.ts';
import { Injector, type InjectedFault } from './injector.ts';
import { checkObjects } from './object-check.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { Persistence } from './persistence.ts';
import { recipes, submissionOf, type Recipe } from './recipes.ts';
import type { JudgedExperiment } from './report.ts';
import { randomNumbers, scheduleFaults, shuffled } from './schedule.ts';
import { journeys, Traffic, type Journey } from './traffic.ts';
import { judge } from './verdict.ts';
import { Vitality } from './vitality.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly seconds: number;
  /** How many kinds of experiment; each has an undisturbed twin. */
  readonly recipes: number;
  readonly rows: number;
  readonly log: (line: string) => void;
}

export interface CampaignResult {
  readonly faults: readonly InjectedFault[];
  readonly experiments: readonly JudgedExperiment[];
  /** Of the whole; those of an experiment stand with it. */
  readonly problems: readonly string[];
}

/** Experiments under way at once: two are trained, two wait or are prepared and evaluated. */
const concurrentExperiments = 4;
const submitPauseMilliseconds = 500;
/** After the last fault, every experiment must have ended by then. */
const endLimitSeconds = 600;

/** Runs a campaign from its start to its verdict. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { seed, seconds, log } = options;
  const random = randomNumbers(seed);
  const stack = await DisturbedStack.start({ random: randomNumbers(seed + 1) });
  try {
    const dataset = await uploadExample(stack.client, options.rows);
    const persistence = new Persistence();
    const chosen = recipes.slice(0, options.recipes);
    const twins = await Promise.all(
      chosen.map(async (recipe) => {
        const { id } = await stack.client.submit(submissionOf(recipe, dataset));
        await stack.client.waitForExperiment(id);
        return { recipe, twin: await outcomeOf(stack.client, id, persistence) };
      }),
    );
    for (const { recipe, twin } of twins)
      log(`undisturbed: ${recipe.name}, ${twin.ledger.length} steps, ${twin.state}`);

    const watch = new AttemptWatch(stack.client);
    const traffic = new Traffic(stack.client, dataset, persistence, watch);
    const injector = new Injector(stack, new Vitality(stack));
    const isOver = { value: false };
    const injecting = injector
      .run(scheduleFaults(seed, seconds), (fault) => log(describe(fault)))
      .finally(() => (isOver.value = true));
    const [faults] = await Promise.all([
      injecting,
      within(
        endLimitSeconds + seconds,
        followMany(traffic, twins, random, seed, () => isOver.value, log),
      ),
    ]);
    const outcomes = await Promise.all(
      traffic.accepted.map(async (accepted) => ({
        accepted,
        outcome: await outcomeOf(stack.client, accepted.id, persistence),
      })),
    );
    const experiments = outcomes.map((one) => ({ ...one, problems: judge(one.outcome, one.accepted) }));
    const undisturbed = twins.flatMap(({ recipe, twin }) =>
      judge(twin, { endsAs: ['succeeded'], twin }).map((problem) => `the twin of ${recipe.name} ${problem}`),
    );
    const left = await judgeStack(stack, log);
    return {
      faults,
      experiments,
      problems: [...undisturbed, ...watch.problems, ...persistence.unexpected, ...left],
    };
  } finally {
    await stack.remove();
  }
}

/** Submits one experiment after the other, never too many at once, until the faults are over and each recipe had its turn. */
async function followMany(
  traffic: Traffic,
  twins: readonly { recipe: Recipe; twin: Outcome }[],
  random: () => number,
  seed: number,
  isOver: () => boolean,
  log: (line: string) => void,
): Promise<void> {
  const following = new Set<Promise<void>>();
  let waysToGo: Journey[] = [];
  for (let index = 0; index < twins.length || !isOver();) {
    if (following.size >= concurrentExperiments) {
      await Promise.race([...following, delay(submitPauseMilliseconds)]);
      continue;
    }
    const chosen = twins[index % twins.length];
    if (chosen === undefined) return;
    if (waysToGo.length === 0) waysToGo = shuffled(journeys, random);
    const journey = waysToGo.pop() ?? 'undisturbed';
    const { recipe, twin } = chosen;
    log(`submitted: ${recipe.name}, to be ${journey}`);
    const one = traffic
      .follow(recipe, twin, journey, `chaos-${seed}-${index}`, random() * 0.8)
      .finally(() => following.delete(one));
    following.add(one);
    index += 1;
  }
  await Promise.all(following);
}

async function judgeStack(stack: DisturbedStack, log: (line: string) => void): Promise<string[]> {
  const problems: string[] = [];
  const { checked, broken } = await checkObjects(stack.objectFolder);
  log(
    `objects whose hash was compared: ${checked}; answers of the store disturbed: ${stack.proxy?.affected ?? 0}`,
  );
  for (const path of broken) problems.push(`the object ${path} has another hash`);
  const status = await stack.stop();
  if (status !== 0) problems.push(`the stack stopped with status ${status}`);
  if (stack.processes.length > 0) problems.push(`processes are left: ${stack.processes.join(', ')}`);
  for (const name of stack.scratchFiles()) problems.push(`the scratch directory ${name} is left`);
  return problems;
}

function describe({ scheduled, wasInjected, processesEnded, recoverySeconds }: InjectedFault): string {
  const lasting = scheduled.durationSeconds > 0 ? ` for ${scheduled.durationSeconds.toFixed(1)} s` : '';
  const effect = wasInjected
    ? `ended ${processesEnded}, well after ${recoverySeconds?.toFixed(1) ?? '–'} s`
    : 'not injected';
  return `${scheduled.atSeconds.toFixed(1)} s: ${scheduled.fault} of ${scheduled.target}${lasting}: ${effect}`;
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const limit = delay(seconds * 1000, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`not every experiment ended within ${seconds} s`);
  });
  limit.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer.abort();
  }
}
