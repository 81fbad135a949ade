// What the bits of a result depend on besides the job: equal bits are asked for within one profile only.

/** Compared as a whole. */
export interface NumericProfile {
  readonly onnxruntimeVersion: string;
  readonly provider: 'cpu' | 'cuda';
  readonly instructionSet: string;
  /** Threads within an operator: they decide the order of sums. */
  readonly threads: number;
  readonly graphSha256: string;
}
