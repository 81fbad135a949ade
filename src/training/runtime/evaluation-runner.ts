// Computes the logits of examples with the training's own forward pass: batches of like length, results in the order asked.
import type { ExampleTable } from '../../text/example-table.ts';
import { batchShape, packBatch, type BatchShape } from '../batch.ts';
import { batchInputs } from '../batch-inputs.ts';
import { buildEvaluationGraph, type EvaluationGraph } from '../evaluation-graph.ts';
import type { BertConfig, ModelHead, ProviderChoice, Recipe, SessionPlace } from '../job.ts';
import { logitRowOffsets } from '../logit-rows.ts';
import { longestFirst } from '../longest-first.ts';
import { modelLayout, type ModelLayout } from '../model-layout.ts';
import { firstSlot } from '../packing.ts';
import type { InputValue } from '../step-inputs.ts';
import { configInUse } from '../config-in-use.ts';
import { openSession, type OpenSession } from './session.ts';

/** What of a job decides its forward pass. */
export interface EvaluatedModel {
  readonly config: BertConfig;
  readonly head: ModelHead;
  readonly vocabulary: Int32Array | null;
  readonly recipe: Pick<Recipe, 'freeze' | 'lora' | 'layerDecay'>;
}

/** The values of all slots, trained and frozen, by the slot's name. */
export type SlotValues = Readonly<Record<string, InputValue>>;

/** A session over the forward pass, for weights that are given with each evaluation. */
export class EvaluationRunner {
  readonly layout: ModelLayout;
  readonly #model: EvaluatedModel;
  readonly #shape: BatchShape;
  readonly #graph: EvaluationGraph;
  readonly #session: OpenSession;

  private constructor(
    model: EvaluatedModel,
    layout: ModelLayout,
    graph: EvaluationGraph,
    session: OpenSession,
  ) {
    this.#model = model;
    this.layout = layout;
    this.#graph = graph;
    this.#session = session;
    this.#shape = batchShape(model);
  }

  /** @throws Error when the provider is missing */
  static async open(
    model: EvaluatedModel,
    device: { readonly provider: ProviderChoice; readonly threads: number; readonly place?: SessionPlace },
  ): Promise<EvaluationRunner> {
    const config = configInUse(model);
    const layout = modelLayout(config, model.head, model.recipe);
    const graph = buildEvaluationGraph(config, model.head, model.recipe, layout);
    const session = await openSession(graph.model, device.provider, device.threads, device.place);
    return new EvaluationRunner(model, layout, graph, session);
  }

  /**
   * The logits of every example in the order of the table: `[examples, labels]`, or `[all tokens, labels]` for token
   * classification.
   * @param goOn called before each batch; false ends the evaluation early, with zeros for the rest.
   */
  async logits(
    table: ExampleTable,
    slots: SlotValues,
    batchSize: number,
    goOn: (done: number) => boolean,
  ): Promise<Float32Array> {
    const { head } = this.#model;
    const isPerToken = head.task === 'tokenClassification';
    const offsets = logitRowOffsets(table, isPerToken);
    const all = new Float32Array((offsets[table.count] ?? 0) * head.labelCount);
    const rows = longestFirst(Int32Array.from({ length: table.count }, (_, row) => table.lengthOf(row)));
    for (let start = 0; start < rows.length && goOn(start); start += batchSize) {
      const chosen = rows.subarray(start, start + batchSize);
      const batch = packBatch(
        Array.from(chosen, (row) => table.read(row)),
        this.#shape,
      );
      const outputs = await this.#session.run({
        ...slots,
        ...batchInputs(batch, this.#shape.config),
      });
      const logits = outputs[this.#graph.logits];
      if (logits === undefined) throw new Error('The session gave no logits.');
      chosen.forEach((row, place) => {
        const count = (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
        const from = isPerToken ? firstSlot(batch.packing, place) : place;
        const part = logits.subarray(from * head.labelCount, (from + count) * head.labelCount);
        all.set(part, (offsets[row] ?? 0) * head.labelCount);
      });
    }
    return all;
  }

  /** Frees the memory of the session. */
  close(): Promise<void> {
    return this.#session.close();
  }
}
