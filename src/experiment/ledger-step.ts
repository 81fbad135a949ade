// What the ledger keeps of a step that is the same whenever it is computed again on one numeric profile.

/** Bits are those of a float32, as an unsigned 32-bit number. */
export interface ComparedStep {
  readonly lossBits: number;
  readonly gradientNormBits: number;
  readonly learningRate: number;
  /** Examples that the step consumed. */
  readonly examples: number;
}

const compared = ['lossBits', 'gradientNormBits', 'learningRate', 'examples'] as const;

/** The first field by which two records of a step differ; `undefined` where they are the same, bit for bit. */
export function differingField(one: ComparedStep, other: ComparedStep): keyof ComparedStep | undefined {
  return compared.find((name) => one[name] !== other[name]);
}

/** The float32 whose bits are given. */
export function floatOfBits(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] ?? NaN;
}
