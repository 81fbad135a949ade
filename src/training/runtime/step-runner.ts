// Holds a training state beside a session and advances it by runs of one or more steps.
import { iterationCountInput } from '../graph/onnx-emission.ts';
import type { NamedTensor, ProviderChoice, Recipe, TrainingState } from '../job.ts';
import { createKeystream } from '../random/keystream.ts';
import { maskBytes, stepInputs, type DropoutPlan, type InputValue, type StepPlan } from '../step-inputs.ts';
import { collected, type StateNames, type TrainingGraph } from '../training-graph.ts';
import { openSession, type OpenSession } from './session.ts';

export interface RunResult {
  /** Mean loss of each step, before it. */
  readonly losses: Float32Array;
  /** Global gradient norm of each step, before clipping. */
  readonly gradientNorms: Float32Array;
}

interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly names: StateNames;
  parameter: Float32Array;
  firstMoment: Float32Array;
  secondMoment: Float32Array;
}

/** What of a recipe the runner applies itself; the rest is in the graph or in the plans. */
type RunnerRecipe = Pick<Recipe, 'dropout' | 'seed' | 'weightDecay'>;

type Part = 'parameter' | 'firstMoment' | 'secondMoment';
const parts: readonly Part[] = ['parameter', 'firstMoment', 'secondMoment'];

function findTensor(tensors: readonly NamedTensor[], name: string): NamedTensor {
  const tensor = tensors.find((candidate) => candidate.name === name);
  if (tensor === undefined) throw new Error(`The state lacks ${name}.`);
  return tensor;
}

export class StepRunner {
  private readonly session: OpenSession;
  private readonly slots: Slot[];
  private readonly dropout: DropoutPlan;
  private readonly weightDecay: number;
  private steps: number;

  private constructor(
    session: OpenSession,
    graph: TrainingGraph,
    recipe: RunnerRecipe,
    start: TrainingState,
  ) {
    this.session = session;
    this.dropout = {
      probability: recipe.dropout,
      keystream: createKeystream(recipe.seed, 'dropout'),
      sites: graph.dropoutSites,
    };
    this.weightDecay = recipe.weightDecay;
    this.steps = start.step;
    this.slots = graph.states.map((names) => {
      const { name, shape, data } = findTensor(start.parameters, names.parameter);
      return {
        name,
        shape,
        names,
        parameter: data,
        firstMoment: findTensor(start.firstMoments, name).data,
        secondMoment: findTensor(start.secondMoments, name).data,
      };
    });
  }

  /**
   * Opens the session of a training graph and takes a state; its arrays are only read.
   * @throws Error when the provider is missing or the state lacks a tensor
   */
  static async open(
    graph: TrainingGraph,
    recipe: RunnerRecipe,
    start: TrainingState,
    device: { provider: ProviderChoice; threads: number },
  ): Promise<StepRunner> {
    return new StepRunner(
      await openSession(graph.model, device.provider, device.threads),
      graph,
      recipe,
      start,
    );
  }

  get provider(): 'cpu' | 'cuda' {
    return this.session.provider;
  }

  /** Bytes of input that the dropout of a step takes. */
  maskBytesOf(plan: StepPlan): number {
    return maskBytes(plan.batch, this.dropout);
  }

  /** Runs the steps planned, which follow the last one done. */
  async run(plans: readonly StepPlan[]): Promise<RunResult> {
    const inputs: Record<string, InputValue> = {
      ...stepInputs(plans, this.dropout, this.weightDecay),
      [iterationCountInput]: { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(plans.length)) },
    };
    for (const slot of this.slots)
      for (const part of parts)
        inputs[slot.names.inputs[part]] = { type: 'float32', shape: slot.shape, data: slot[part] };
    const outputs = await this.session.run(inputs);
    const output = (name: string): Float32Array => {
      const data = outputs[name];
      if (data === undefined) throw new Error(`The session gave no ${name}.`);
      return data;
    };
    for (const slot of this.slots) for (const part of parts) slot[part] = output(slot.names.outputs[part]);
    this.steps += plans.length;
    return { losses: output(collected.loss), gradientNorms: output(collected.gradientNorm) };
  }

  /** The state after the last step. Its arrays are the runner's own and never written again. */
  state(): TrainingState {
    const list = (part: Part): NamedTensor[] =>
      this.slots.map((slot) => ({ name: slot.name, shape: slot.shape, data: slot[part] }));
    return {
      step: this.steps,
      parameters: list('parameter'),
      firstMoments: list('firstMoment'),
      secondMoments: list('secondMoment'),
    };
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}
