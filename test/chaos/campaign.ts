// A fault campaign: experiments are trained undisturbed, then the same ones while faults come, and both are compared.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Dataset } from '../../openapi/client.ts';
import { uploadExample } from '../journeys/example-experiment.ts';
import { AttemptWatch } from './attempt-watch.ts';
import { DisturbedStack } from './disturbed-stack.ts';
import { Injector, type InjectedFault } from './injector.ts';
import { checkFiles } from './file-check.ts';
import { checkObjects } from './object-check.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { Persistence } from './persistence.ts';
import { recipes, submissionOf, type Recipe } from './recipes.ts';
import type { JudgedExperiment } from './report.ts';
import { randomNumbers, scheduleFaults, shuffled } from './schedule.ts';
import { journeys, Traffic, type Journey } from './traffic.ts';
import { judge } from './verdict.ts';
import { Vitality } from './vitality.ts';

interface CampaignOptions {
  readonly seed: number;
  readonly seconds: number;
  /** How many kinds of experiment; each has an undisturbed twin. */
  readonly recipes: number;
  readonly rows: number;
  readonly log: (line: string) => void;
  /** Ends the campaign without a verdict; what it started is removed all the same. */
  readonly signal?: AbortSignal;
}

interface CampaignResult {
  readonly faults: readonly InjectedFault[];
  readonly experiments: readonly JudgedExperiment[];
  /** Of the whole; those of an experiment stand with it. */
  readonly problems: readonly string[];
}

interface Twin {
  readonly recipe: Recipe;
  readonly twin: Outcome;
}

/** Experiments under way at once: two are trained, two wait or are prepared and evaluated. */
const concurrentExperiments = 4;
const submitPauseMilliseconds = 500;
/** After the last fault, every experiment must have ended by then. */
const endLimitSeconds = 600;

/**
 * Runs a campaign from its start to its verdict.
 *
 * @throws Error when not every experiment ends in time; the reason of `signal`.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const stack = await DisturbedStack.start({ random: randomNumbers(options.seed + 1) });
  try {
    return await unlessAborted(disturbAndJudge(stack, options), options.signal);
  } finally {
    await stack.remove();
  }
}

async function disturbAndJudge(stack: DisturbedStack, options: CampaignOptions): Promise<CampaignResult> {
  const { client } = stack;
  const { seed, seconds, log } = options;
  const dataset = await uploadExample(client, options.rows);
  const persistence = new Persistence();
  const twins = await trainTwins(client, dataset, options, persistence);
  const watch = new AttemptWatch(client);
  const traffic = new Traffic(client, dataset, persistence, watch);
  const schedule = scheduleFaults(seed, seconds);
  const isOver = { value: false };
  const [faults] = await Promise.all([
    new Injector(stack, new Vitality(stack))
      .run(schedule, (fault) => log(describe(fault)))
      .finally(() => (isOver.value = true)),
    within(
      endLimitSeconds + seconds,
      followMany(traffic, twins, options, () => isOver.value),
    ),
  ]);
  const experiments: JudgedExperiment[] = [];
  for (const accepted of traffic.accepted) {
    const outcome = await outcomeOf(client, accepted.id, persistence);
    experiments.push({ accepted, outcome, problems: judge(outcome, accepted) });
  }
  const left = await judgeStack(stack, log);
  return { faults, experiments, problems: [...watch.problems, ...persistence.unexpected, ...left] };
}

/** @throws Error when one of them is not as it must be: nothing can be compared with it. */
async function trainTwins(
  client: Client,
  dataset: Dataset,
  options: CampaignOptions,
  persistence: Persistence,
): Promise<readonly Twin[]> {
  const training = recipes.slice(0, options.recipes).map(async (recipe) => {
    const { id } = await client.submit(submissionOf(recipe, dataset));
    await client.waitForExperiment(id);
    const twin = await outcomeOf(client, id, persistence);
    const problems = judge(twin, { endsAs: ['succeeded'], twin });
    if (problems.length > 0) throw new Error(`the twin of ${recipe.name} ${problems.join('; ')}`);
    options.log(`undisturbed: ${recipe.name}, ${twin.ledger.length} steps`);
    return { recipe, twin };
  });
  return Promise.all(training);
}

/** Submits one experiment after the other, never too many at once, until the faults are over and each recipe had its turn. */
async function followMany(
  traffic: Traffic,
  twins: readonly Twin[],
  { seed, log }: CampaignOptions,
  isOver: () => boolean,
): Promise<void> {
  const random = randomNumbers(seed);
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
  problems.push(...(await checkFiles(stack, log)));
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

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = once(signal, 'abort').then(() => {
    throw signal.reason;
  });
  return Promise.race([work, aborted]);
}
