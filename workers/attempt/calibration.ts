// Tells the service how fast this machine trains, so that estimates go by what was seen.
import { constrainedMemory } from 'node:process';
import { cpus, totalmem } from 'node:os';
import type { CalibrationRepository } from '../../src/database/calibration-repository.ts';
import { messageOf } from '../../src/thrown.ts';
import type { EstimatedTraining } from '../../src/estimate/model.ts';
import { longestOf } from '../../src/estimate/split.ts';
import { trainedSizes } from '../../src/estimate/time.ts';
import { partTokens, stepWorkload } from '../../src/estimate/workload.ts';
import type { Logger } from '../../src/log.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import { openExamples } from '../../src/training/example-source.ts';
import type { NumericProfile, StepRecord, TrainingJob } from '../../src/training/job.ts';

/** Seconds between two records of one attempt. */
const recordingIntervalSeconds = 60;
/** Examples whose lengths stand for all. */
const sampledExamples = 2_000;

/** What a worker is to estimates, besides its speed. */
export interface Machine {
  readonly host: string;
  readonly processor: string;
  /** What this process may use: the limit of its control group, or all there is. */
  readonly memoryLimitBytes: number;
}

/** The machine that this process runs on. */
export function thisMachine(host: string): Machine {
  const limit = constrainedMemory();
  return {
    host,
    processor: cpus()[0]?.model ?? 'unknown',
    memoryLimitBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
  };
}

/** What of a job decides its speed; it may be taken before the job is given away. */
export interface CalibratedJob {
  readonly training: EstimatedTraining;
  /** Tokens of some examples, ascending. */
  readonly lengths: readonly number[];
}

/** Reads what calibration needs of a job. */
export function calibratedJob({ config, head, recipe, vocabulary, examples }: TrainingJob): CalibratedJob {
  const table = openExamples(examples);
  const stride = Math.max(1, Math.ceil(table.count / sampledExamples));
  const lengths: number[] = [];
  try {
    for (let index = 0; index < table.count; index += stride) lengths.push(table.lengthOf(index));
  } finally {
    table.close();
  }
  return {
    training: {
      config,
      head,
      recipe: { ...recipe, optimizer: { name: recipe.optimizer } },
      vocabularySize: vocabulary?.length ?? config.vocabularySize,
    },
    lengths: lengths.sort((one, other) => one - other),
  };
}

/** Times an attempt's runs of steps, and records now and then how fast they are. */
export class CalibrationRecorder {
  readonly #calibrations: Pick<CalibrationRepository, 'record'>;
  readonly #machine: Machine;
  readonly #job: CalibratedJob;
  readonly #log: Logger;
  readonly #nowMilliseconds: () => number;
  #profile: NumericProfile | undefined;
  #recordedAt = -Infinity;
  #runs = 0;
  #timed = { seconds: 0, steps: 0, tokens: 0, examples: 0 };

  constructor(parts: {
    readonly calibrations: Pick<CalibrationRepository, 'record'>;
    readonly machine: Machine;
    readonly job: CalibratedJob;
    readonly log: Logger;
    /** Of a clock that does not jump. */
    readonly nowMilliseconds: () => number;
  }) {
    this.#calibrations = parts.calibrations;
    this.#machine = parts.machine;
    this.#job = parts.job;
    this.#log = parts.log;
    this.#nowMilliseconds = parts.nowMilliseconds;
  }

  /** To be called when the engine has told its profile, before any steps. */
  begin(profile: NumericProfile): void {
    this.#profile = profile;
  }

  /** To be called with every run of steps. Records when the last record is old enough; never throws. */
  async add(steps: readonly StepRecord[], seconds: number): Promise<void> {
    this.#runs += 1;
    // The first run takes its memory from the system, which is slow and happens once.
    if (this.#runs === 1) return;
    this.#timed.seconds += seconds;
    this.#timed.steps += steps.length;
    for (const { tokens, examples } of steps) {
      this.#timed.tokens += tokens;
      this.#timed.examples += examples;
    }
    if (this.#nowMilliseconds() - this.#recordedAt >= recordingIntervalSeconds * 1000) await this.record();
  }

  /** Records what was timed so far: also to be called at the end of the attempt. Never throws. */
  async record(): Promise<void> {
    const { seconds, steps, tokens, examples } = this.#timed;
    if (this.#profile === undefined || steps === 0) return;
    const { training, lengths } = this.#job;
    const { threads, provider, onnxruntimeVersion } = this.#profile;
    const tokensPerStep = tokens / steps;
    const perPart = Math.max(1, Math.min(examples / steps, (partTokens * examples) / tokens));
    const width = longestOf({ lengths }, perPart);
    this.#recordedAt = this.#nowMilliseconds();
    try {
      await this.#calibrations.record({
        ...this.#machine,
        sizesSha256: sha256Of(canonicalJson(trainedSizes(training))),
        threads,
        provider,
        onnxruntimeVersion,
        workload: stepWorkload(training, { tokens: tokensPerStep, width }),
        stepSeconds: seconds / steps,
        slotsPerStep: tokensPerStep,
      });
    } catch (error) {
      // An estimate that is less sure is no reason to end a training.
      this.#log.warn({ err: error }, `the speed of training was not recorded: ${messageOf(error)}`);
    }
  }
}
