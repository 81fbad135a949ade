// Holds a training state beside a session and advances it by runs of one or more steps.
import { iterationCountInput } from '../graph/onnx-emission.ts';
import type {
  EvaluationMemory,
  NamedTensor,
  ProviderChoice,
  SessionPlace,
  TrainingState,
  UnusedWords,
} from '../job.ts';
import type { ModelLayout } from '../model-layout.ts';
import { gatherSlot, namedTensors, type Slot } from '../state-slots.ts';
import type { InputValue } from '../step-inputs.ts';
import type { PreparedRun } from '../step-planner.ts';
import { collected, type TrainingGraph } from '../training-graph.ts';
import { openSession, type OpenSession } from './session.ts';

export interface RunResult {
  /** Loss of each step, before it. */
  readonly losses: Float32Array;
  /** Global gradient norm of each step, before clipping. */
  readonly gradientNorms: Float32Array;
}

interface HeldSlot {
  readonly slot: Slot;
  readonly names: TrainingGraph['carried'][number];
  /** The parameter, then its moments: advanced in place. */
  readonly values: readonly Float32Array[];
}

function byName(tensors: readonly NamedTensor[]): ReadonlyMap<string, NamedTensor> {
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

/** A training state in memory that a session advances in place, run by run. */
export class StepRunner {
  readonly #session: OpenSession;
  readonly #layout: ModelLayout;
  readonly #held: readonly HeldSlot[];
  readonly #constants: Readonly<Record<string, InputValue>>;
  #steps: number;
  #unused: UnusedWords;

  private constructor(
    session: OpenSession,
    graph: TrainingGraph,
    layout: ModelLayout,
    start: TrainingState,
    frozen: readonly NamedTensor[],
  ) {
    this.#session = session;
    this.#layout = layout;
    this.#steps = start.step;
    this.#unused = start.unusedWords;
    const states = [start.parameters, start.firstMoments, start.secondMoments].map(byName);
    this.#held = layout.trained.map((slot, index) => {
      const names = graph.carried[index] ?? [];
      const values = names.map((_, part) => Float32Array.from(gatherSlot(slot, states[part] ?? new Map())));
      return { slot, names, values };
    });
    const frozenTensors = byName(frozen);
    this.#constants = Object.fromEntries(
      layout.frozen.map((slot) => [
        slot.name,
        { type: 'float32', shape: slot.shape, data: gatherSlot(slot, frozenTensors) },
      ]),
    );
  }

  /**
   * Opens the session of a training graph and takes a state; its arrays are only read.
   * @throws Error when the provider is missing or the state lacks a tensor
   */
  static async open(
    graph: TrainingGraph,
    layout: ModelLayout,
    state: { readonly start: TrainingState; readonly frozen: readonly NamedTensor[] },
    device: { readonly provider: ProviderChoice; readonly threads: number; readonly place?: SessionPlace },
  ): Promise<StepRunner> {
    const session = await openSession(graph.model, device.provider, device.threads, device.place);
    try {
      return new StepRunner(session, graph, layout, state.start, state.frozen);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  get provider(): 'cpu' | 'cuda' {
    return this.#session.provider;
  }

  /**
   * Runs prepared steps, which follow the last one done.
   * @param decayUnused what the steps do to words that are not in use.
   */
  async run(
    { steps, inputs }: PreparedRun,
    decayUnused: (before: UnusedWords, learningRate: number) => UnusedWords,
  ): Promise<RunResult> {
    const { length } = steps;
    const before: Record<string, InputValue> = {};
    const after: Record<string, InputValue> = {};
    for (const { slot, names, values } of this.#held)
      names.forEach(({ input, output }, part) => {
        const data = values[part];
        if (data !== undefined) before[input] = after[output] = { type: 'float32', shape: slot.shape, data };
      });
    const losses = new Float32Array(length);
    const gradientNorms = new Float32Array(length);
    await this.#session.fill(
      {
        ...inputs,
        ...this.#constants,
        ...before,
        [iterationCountInput]: { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(length)) },
      },
      {
        ...after,
        [collected.loss]: { type: 'float32', shape: [length], data: losses },
        [collected.gradientNorm]: { type: 'float32', shape: [length], data: gradientNorms },
      },
    );
    for (const { learningRate } of steps) this.#unused = decayUnused(this.#unused, learningRate);
    this.#steps += length;
    return { losses, gradientNorms };
  }

  /** The values of all slots after the last step, for other graphs over the same layout. */
  slotValues(): Readonly<Record<string, InputValue>> {
    const trained = this.#held.flatMap(({ slot, values: [data] }): [string, InputValue][] =>
      data === undefined ? [] : [[slot.name, { type: 'float32', shape: slot.shape, data }]],
    );
    return { ...this.#constants, ...Object.fromEntries(trained) };
  }

  /** The state after the last step. Its arrays are the runner's own: the next run changes them. */
  state(evaluations: EvaluationMemory | null = null): TrainingState {
    const list = (part: number): NamedTensor[] => {
      const slots = this.#held.flatMap(({ slot, values }) => {
        const data = values[part];
        return data === undefined ? [] : [{ slot, data }];
      });
      return slots.length === 0 ? [] : namedTensors(slots, this.#layout.trainedShapes);
    };
    return {
      step: this.#steps,
      parameters: list(0),
      firstMoments: list(1),
      secondMoments: list(2),
      unusedWords: this.#unused,
      evaluations,
    };
  }

  /** Frees the session; the state stays readable. */
  async close(): Promise<void> {
    await this.#session.close();
  }
}
