// Names and shapes of tensors, put together in the words in which an encoder is described.

/** Names and shapes of the encoder's parameters; each name begins with its family's. */
export interface EncoderTensors {
  readonly required: ReadonlyMap<string, readonly number[]>;
  /** Drawn from the seed where a checkpoint lacks them. */
  readonly optional: ReadonlyMap<string, readonly number[]>;
}

/** Collects the shapes of tensors whose names share a prefix; weights of linear layers are `[out, in]`. */
export class TensorShapes {
  readonly #shapes = new Map<string, readonly number[]>();
  #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get shapes(): ReadonlyMap<string, readonly number[]> {
    return this.#shapes;
  }

  /** What is added from now on has this prefix. */
  under(prefix: string): void {
    this.#prefix = prefix;
  }

  table(name: string, rows: number, width: number): void {
    this.#shapes.set(`${this.#prefix}.${name}.weight`, [rows, width]);
  }

  linear(name: string, outputs: number, inputs: number): void {
    this.#shapes.set(`${this.#prefix}.${name}.weight`, [outputs, inputs]);
    this.#shapes.set(`${this.#prefix}.${name}.bias`, [outputs]);
  }

  norm(name: string, width: number): void {
    this.#shapes.set(`${this.#prefix}.${name}.weight`, [width]);
    this.#shapes.set(`${this.#prefix}.${name}.bias`, [width]);
  }
}
