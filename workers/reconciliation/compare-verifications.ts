// Compares the rows of verifications with their workflows.
import type { VerificationRepository } from '../../src/database/verification-repository.ts';
import { reconcileVerification, type WorkflowFacts } from '../../src/experiment/reconcile.ts';
import { undecided } from '../../src/experiment/verification.ts';
import type { RunningWorkflow } from '../../src/temporal/running-workflows.ts';
import type { Found } from './found.ts';
import { forEachAtOnce } from './for-each-at-once.ts';

const comparedAtOnce = 8;

export type ComparedVerifications = Pick<VerificationRepository, 'unfinished' | 'known' | 'decide'>;

/**
 * @param running as Temporal listed them before.
 * @param statusOf asks Temporal for a workflow.
 * @throws CodedError `database_unavailable`; what `statusOf` throws.
 */
export async function compareVerifications(
  verifications: ComparedVerifications,
  running: readonly RunningWorkflow[],
  statusOf: (workflowId: string) => Promise<WorkflowFacts['status']>,
): Promise<readonly Found[]> {
  const all: Found[] = [];
  await forEachAtOnce(await verifications.unfinished(), comparedAtOnce, async (row) => {
    const workflowId = row.verificationId;
    const difference = reconcileVerification(row, await statusOf(workflowId));
    if (difference === undefined) return;
    const verdict = undecided(difference.repair.reason);
    const mendRow = () => verifications.decide(row, verdict, null);
    all.push({ workflowId, runId: undefined, difference, rowMoves: null, mendRow });
  });
  // A workflow is started after its row was written: one without a row has lost it.
  const known = await verifications.known(running.map(({ workflowId }) => workflowId));
  const rowless = running.filter(({ workflowId }) => !known.has(workflowId));
  return [...all, ...rowless.map(withoutRow)];
}

function withoutRow({ workflowId, runId }: RunningWorkflow): Found {
  const difference = { found: 'row_missing', repair: { action: 'terminateWorkflow' } } as const;
  return { workflowId, runId, difference, rowMoves: null, mendRow: () => Promise.resolve(true) };
}
