// Collects the nodes and weights of an inference graph; every value gets a name of its own.
import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../graph/onnx-schema.ts';
import type { Weight } from './weight.ts';

/** Operators that are onnxruntime's own and stand in its set `com.microsoft`. */
const fusedOperators: ReadonlySet<string> = new Set([
  'BiasGelu',
  'DynamicQuantizeMatMul',
  'EmbedLayerNormalization',
  'MultiHeadAttention',
  'SkipLayerNormalization',
]);

/** A graph that grows node by node; it is encoded from `nodes`, `weights` and `constants`. */
export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly weights: Weight[] = [];
  readonly constants: OnnxTensor[] = [];
  #count = 0;

  #fresh(hint: string): string {
    return `${hint}_${this.#count++}`;
  }

  #push(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
  ): void {
    const domain = fusedOperators.has(operator) ? 'com.microsoft' : '';
    this.nodes.push({ operator, domain, inputs, outputs, attributes });
  }

  /**
   * @param unused names nobody reads, for operators that must declare more than one output.
   * @returns the name of the first output
   */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    unused: readonly string[] = [],
  ): string {
    const output = this.#fresh(operator);
    this.#push(operator, inputs, [output, ...unused], attributes);
    return output;
  }

  /** Cuts the last axis into equal parts. @returns their names */
  split(x: string, parts: number): string[] {
    const outputs = Array.from({ length: parts }, () => this.#fresh('Split'));
    this.#push('Split', [x], outputs, { axis: -1, num_outputs: parts });
    return outputs;
  }

  /** Gives a value the name of an output of the model. */
  nameOutput(x: string, name: string): void {
    this.#push('Identity', [x], [name], {});
  }

  /** @returns the name of a constant, which is `name` */
  weight(name: string, shape: readonly number[], data: Weight['data']): string {
    this.weights.push({ name, shape, data });
    return name;
  }

  /** @returns the name of an int64 constant of one axis */
  integers(values: readonly number[]): string {
    const name = this.#fresh('integers');
    this.constants.push({ name, type: 'int64', shape: [values.length], values });
    return name;
  }
}
