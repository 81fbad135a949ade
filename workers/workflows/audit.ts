// One audit that a user waits for: the coordinator worker replays what was recorded. It leaves nothing behind.
import { proxyActivities } from '@temporalio/workflow';
import type { AuditActivities, ExperimentReference } from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import { auditSeconds, type ExperimentAudit } from '../../src/experiment/replay.ts';

const { auditHistories } = proxyActivities<AuditActivities>({
  taskQueue: taskQueues.coordinator,
  scheduleToCloseTimeout: `${auditSeconds} s`,
  startToCloseTimeout: `${auditSeconds} s`,
  retry: { maximumAttempts: 2, initialInterval: '1 s' },
});

/** @throws what the activity throws, with the error's code as the failure's type. */
export async function AuditWorkflow(input: ExperimentReference): Promise<ExperimentAudit> {
  return auditHistories(input);
}
