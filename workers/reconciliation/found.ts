// What one look has found, and how the row is mended that it is about.
import type { Difference, VerificationDifference } from '../../src/experiment/reconcile.ts';

export interface Found {
  readonly workflowId: string;
  readonly runId: string | undefined;
  readonly difference: Difference | VerificationDifference;
  /** A number that another transition of the row changes; `null` where there is no row, or it makes none. */
  readonly rowMoves: number | null;
  /** Does in the database what is to be done there. @returns `false` where the row has moved meanwhile. */
  readonly mendRow: () => Promise<boolean>;
}
