// Audits through Temporal: a workflow has the coordinator worker replay what was recorded of an experiment.
import type { Client, Connection } from '@temporalio/client';
import type { ExperimentReference } from '../experiment/activity.ts';
import { newAuditId } from '../experiment/id.ts';
import { workflowNames } from '../experiment/name.ts';
import type { ExperimentAudit } from '../experiment/replay.ts';
import { workflowAnswer, type AnswerWait } from './workflow-answer.ts';

/**
 * Asks for one audit.
 *
 * @throws CodedError `temporal_unavailable` when it could not be handed on; `audit_unavailable` when no answer came in time,
 * the wait was ended or the worker stopped; `not_ready`, `not_found` or what else the worker found wrong.
 */
export async function auditThrough(
  connection: Connection,
  client: Client,
  { projectId, experimentId }: ExperimentReference,
  wait: AnswerWait,
): Promise<ExperimentAudit> {
  const asked = {
    name: workflowNames.audit,
    workflowId: newAuditId(),
    input: { projectId, experimentId },
    unavailable: 'audit_unavailable',
    notHandedOn: 'The audit could not be handed on.',
    unfinished: 'The worker did not finish the audit.',
  } as const;
  // The workflow's result is what its activity answers; both have one type.
  return (await workflowAnswer(connection, client, asked, wait)) as ExperimentAudit;
}
