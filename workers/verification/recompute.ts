// Computes a span of training again, from the checkpoint before it, and holds each step against the ledger and each state
// against the checkpoint that was kept of it.
import { CodedError } from '../../src/error.ts';
import { differingField } from '../../src/experiment/ledger-step.ts';
import { settingsAfter } from '../../src/experiment/lineage.ts';
import type { NumericProfile } from '../../src/experiment/profile.ts';
import { pretrainingSteps } from '../../src/experiment/steps.ts';
import {
  agrees,
  differs,
  undecided,
  type StepSpan,
  type Verdict,
} from '../../src/experiment/verification.ts';
import type { TrainingPhase } from '../../src/storage/checkpoint-manifest.ts';
import type { StepRecord, TrainingJob, TrainingRun, TrainingState } from '../../src/training/job.ts';
import { restoreState } from '../preparation/last-intact-checkpoint.ts';
import { phasePlan } from '../preparation/phase-plan.ts';
import { startPhase, type StartedPhase } from '../preparation/start-phase.ts';
import { requireIntact } from '../preparation/stored-tensors.ts';
import { differentPart } from './check-state.ts';
import { profileAt, reading, type Evidence, type KeptCheckpoint } from './evidence.ts';
import type { InputsWith } from '../preparation/phase-inputs.ts';

/** Which engine computes, and how its progress is told. */
export interface VerifyingEngine extends Pick<TrainingJob, 'provider' | 'place'> {
  readonly start: (job: TrainingJob) => TrainingRun;
  /** Called at least once a run of steps; what it throws ends the work. */
  readonly onProgress: () => void;
}

/** No checkpoint is due but the one at the end. */
const noCheckpoint = { everySteps: 1e9, everySeconds: 1e9 } as const;

/** A phase that was begun, and how far it was computed again. */
interface Position {
  readonly step: number;
  readonly phase: TrainingPhase;
  readonly started: StartedPhase;
  readonly state: TrainingState;
}

/** @throws CodedError for evidence that is broken; what the engine and `onProgress` throw. */
export async function recompute(
  evidence: Evidence,
  { fromStep, toStep }: StepSpan,
  inputsWith: InputsWith,
  engine: VerifyingEngine,
): Promise<Verdict> {
  const before = evidence.checkpoints.findLast(({ step }) => step < fromStep);
  let position = await begin(evidence, before, inputsWith, engine);
  for (;;) {
    const job = nextPart(evidence, position, inputsWith, toStep, engine);
    if (job === undefined) return undecided(`The numeric profile of step ${position.step + 1} is not known.`);
    const outcome = await follow(evidence, job, engine);
    if ('verdict' in outcome) return outcome.verdict;
    const { state } = outcome;
    const kept = evidence.checkpoints.find(({ step }) => step === state.step);
    if (kept !== undefined) await readWhole(evidence, kept, engine);
    const different = kept && differentPart(state, position.started.base, kept);
    if (different !== undefined)
      return differs(`checkpoint of step ${state.step}: its ${different} are others`, state.step);
    if (state.step >= toStep) return agrees;
    position = { ...position, step: state.step, state };
    if (phaseAfter(evidence, inputsWith, state.step) === position.phase) continue;
    if (kept === undefined) return undecided('The checkpoint at the end of the pretraining is not kept.');
    position = await begin(evidence, kept, inputsWith, engine);
  }
}

/** Begins, or goes on with, the phase of the step after a checkpoint; `undefined`: of the first. */
async function begin(
  evidence: Evidence,
  checkpoint: KeptCheckpoint | undefined,
  inputsWith: InputsWith,
  { onProgress }: VerifyingEngine,
): Promise<Position> {
  const step = checkpoint?.step ?? 0;
  const phase = phaseAfter(evidence, inputsWith, step);
  const restored =
    checkpoint &&
    (await reading(`checkpoint of step ${step}`, async () => ({
      ...checkpoint,
      state: await restoreState(evidence.blobs, checkpoint.manifest, onProgress),
    })));
  const inputs = inputsWith(settingsAfter(step, evidence));
  const started = await startPhase(phase, inputs, restored, onProgress);
  return { step, phase, started, state: started.job.start };
}

/** Also what a span ends with is read, which nothing is computed from. */
async function readWhole(
  { blobs }: Evidence,
  { step, manifest }: KeptCheckpoint,
  { onProgress }: VerifyingEngine,
): Promise<void> {
  for (const blob of Object.values(manifest.blobs))
    if (blob !== null)
      await reading(`checkpoint of step ${step}`, () => requireIntact(blobs, blob, onProgress));
}

function phaseAfter({ spec }: Evidence, inputsWith: InputsWith, step: number): TrainingPhase {
  const { training } = spec;
  const { rows } = inputsWith({ training, untilStep: null }).manifest.splits.train;
  return step < pretrainingSteps(training, rows) ? 'pretraining' : 'training';
}

/** The job up to where settings change, a checkpoint was kept, or the span ends. */
function nextPart(
  evidence: Evidence,
  { step, phase, started, state }: Position,
  inputsWith: InputsWith,
  toStep: number,
  { provider, place }: VerifyingEngine,
): TrainingJob | undefined {
  const profile = profileAt(evidence, step + 1);
  if (profile === undefined) return undefined;
  const { recipe, lastStep } = phasePlan(phase, inputsWith(settingsAfter(step, evidence)));
  const kept = evidence.checkpoints.find((checkpoint) => checkpoint.step > step);
  return {
    ...started.job,
    recipe,
    // What evaluations show changes no weight.
    evaluation: null,
    start: state,
    untilStep: Math.min(lastStep, toStep, kept?.step ?? Infinity),
    threads: profile.threads,
    provider,
    ...(place && { place }),
    checkpoint: noCheckpoint,
  };
}

/**
 * Computes one job, and gives the state at its end or the first thing that is not as it was recorded. Nothing of it runs on
 * after this.
 */
async function follow(
  evidence: Evidence,
  job: TrainingJob,
  { start, onProgress }: VerifyingEngine,
): Promise<{ readonly state: TrainingState } | { readonly verdict: Verdict }> {
  let profile: NumericProfile | undefined;
  let state: TrainingState | undefined;
  const run = start(job);
  try {
    for await (const event of run.events) {
      onProgress();
      if (event.kind === 'phase') profile ??= event.profile;
      if (event.kind === 'steps') {
        const verdict = await compare(evidence, event.steps, profile);
        if (verdict !== undefined) return { verdict };
      }
      if (event.kind === 'checkpoint') state = event.state;
    }
  } finally {
    await run.abandon();
  }
  if (state === undefined) throw new CodedError('engine_failed', 'The engine ended without a state.');
  return { state };
}

async function compare(
  evidence: Evidence,
  steps: readonly StepRecord[],
  profile: NumericProfile | undefined,
): Promise<Verdict | undefined> {
  const recorded = await evidence.steps(steps[0]?.step ?? 0, steps.at(-1)?.step ?? 0);
  for (const [index, again] of steps.entries()) {
    const other = otherProfile(profileAt(evidence, again.step), profile);
    if (other !== undefined)
      return undecided(`Step ${again.step} was computed on another profile: ${other}.`);
    const earlier = recorded[index];
    if (earlier?.step !== again.step) return differs(`ledger: step ${again.step} is missing`, again.step);
    const field = differingField(earlier, again);
    if (field !== undefined)
      return differs(
        `ledger: step ${again.step} has the ${field} ${earlier[field]}; computed again it is ${again[field]}`,
        again.step,
      );
  }
  return undefined;
}

/** In which fields two profiles are different; `undefined` where in none. */
function otherProfile(
  recorded: NumericProfile | undefined,
  here: NumericProfile | undefined,
): string | undefined {
  const names = Object.keys({ ...recorded, ...here }) as (keyof NumericProfile)[];
  const different = names.filter((name) => recorded?.[name] !== here?.[name]);
  if (different.length === 0) return undefined;
  return different.map((name) => `${name} ${recorded?.[name]}, here ${here?.[name]}`).join('; ');
}
