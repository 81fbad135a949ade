// Plans any step of a job - its examples, rate and targets - and lays several out as the inputs of a run.
import type { Example, ExampleTable } from '../text/example-table.ts';
import { BatchOrder, stepsPerEpoch, totalSteps } from './batch-order.ts';
import { batchShape, packBatch, type BatchShape } from './batch.ts';
import type { TrainingJob } from './job.ts';
import { maskedPlaces, maskExample } from './masked-language.ts';
import { learningRateAt } from './optimizer/schedule.ts';
import { createKeystream, type Keystream } from './random/keystream.ts';
import type { DropoutSite } from './part-graph.ts';
import {
  maskBytes,
  slotsOf,
  stepInputs,
  type InputFrame,
  type InputValue,
  type StepPlan,
} from './step-inputs.ts';
import { stepParts } from './step-parts.ts';
import { batchTargets, lossDenominator } from './targets.ts';

/** What of a job plans its steps. */
export type PlannedJob = Pick<
  TrainingJob,
  'config' | 'head' | 'vocabulary' | 'recipe' | 'firstStep' | 'masking'
>;

/** What of a training graph decides the inputs of its runs. */
export interface PlannedGraph {
  readonly groups: readonly number[];
  readonly dropoutSites: readonly DropoutSite[];
  readonly inParts: boolean;
}

/** What is told of a step that was run. */
export interface StepSummary {
  readonly step: number;
  readonly learningRate: number;
  readonly examples: number;
  readonly tokens: number;
  /** Slots of the packed rows, padding included. */
  readonly slots: number;
}

/** A run of steps, ready for the session. */
export interface PreparedRun {
  readonly steps: readonly StepSummary[];
  readonly inputs: Readonly<Record<string, InputValue>>;
}

/** The steps of one job: each is planned from counters alone, so that any order of asking gives the same. */
export class StepPlanner {
  /** Steps of this training. */
  readonly total: number;
  readonly #table: ExampleTable;
  readonly #job: PlannedJob;
  readonly #order: BatchOrder;
  readonly #shape: BatchShape;
  readonly #frame: InputFrame;
  readonly #maskingStream: Keystream;

  constructor(job: PlannedJob, table: ExampleTable, graph: PlannedGraph) {
    this.#job = job;
    this.#table = table;
    this.total = totalSteps(table.count, job.recipe);
    this.#order = new BatchOrder(table.count, job.recipe);
    this.#shape = batchShape(job);
    this.#maskingStream = createKeystream(job.recipe.seeds.dropout, 'masking');
    this.#frame = {
      head: job.head,
      recipe: job.recipe,
      groups: graph.groups,
      hasTokenTypes: job.config.typeVocabularySize > 0,
      inParts: graph.inParts,
      dropoutSites: graph.dropoutSites,
      keystream: createKeystream(job.recipe.seeds.dropout, 'dropout'),
    };
  }

  /** @param index the step counted from 0, those before this training left out. */
  plan(index: number): StepPlan {
    const { head, recipe, firstStep } = this.#job;
    const examples = this.#examplesOf(index);
    const denominator = lossDenominator(examples, head, recipe);
    const parts = this.#frame.inParts ? stepParts(examples) : [examples];
    return {
      step: firstStep + index + 1,
      updates: index + 1,
      learningRate: learningRateAt(recipe, index, this.total),
      parts: parts.map((part) => {
        const batch =
          head.task === 'maskedLanguage'
            ? packBatch(part, this.#shape, maskedPlaces)
            : packBatch(part, this.#shape);
        return { batch, targets: batchTargets(batch, head, recipe, denominator) };
      }),
    };
  }

  #examplesOf(index: number): Example[] {
    const { masking, recipe } = this.#job;
    const epoch = Math.floor(index / stepsPerEpoch(this.#table.count, recipe));
    return Array.from(this.#order.examplesOf(index), (place) => {
      const example = this.#table.read(place);
      return masking === null ? example : maskExample(example, masking, this.#maskingStream, epoch, place);
    });
  }

  /** Bytes of input that the dropout of a step takes. */
  maskBytesOf(plan: StepPlan): number {
    return maskBytes(plan, this.#frame.dropoutSites);
  }

  /** Lays steps that follow one another out as one run. */
  prepare(plans: readonly StepPlan[]): PreparedRun {
    return {
      steps: plans.map((plan) => ({
        step: plan.step,
        learningRate: plan.learningRate,
        examples: plan.parts.reduce((sum, { batch }) => sum + batch.examples.length, 0),
        tokens: plan.parts.reduce((sum, { batch }) => sum + batch.tokens, 0),
        slots: slotsOf(plan),
      })),
      inputs: stepInputs(plans, this.#frame),
    };
  }
}
