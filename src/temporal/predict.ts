// Predictions through Temporal: a workflow hands the texts to a worker.
import type { Client, Connection } from '@temporalio/client';
import type { PredictionInput } from '../experiment/activity.ts';
import { newPredictionId } from '../experiment/id.ts';
import { workflowNames } from '../experiment/name.ts';
import type { PredictionItem } from '../experiment/prediction.ts';
import { workflowAnswer, type AnswerWait } from './workflow-answer.ts';

/**
 * Asks for predictions; nothing is asked twice.
 *
 * @throws CodedError `temporal_unavailable` when the work could not be handed on; `prediction_unavailable` when no answer
 * came in time, the wait was ended or the worker stopped; whatever the worker found wrong.
 */
export async function predictThrough(
  connection: Connection,
  client: Client,
  input: PredictionInput,
  wait: AnswerWait,
): Promise<readonly PredictionItem[]> {
  const asked = {
    name: workflowNames.prediction,
    workflowId: newPredictionId(),
    input,
    unavailable: 'prediction_unavailable',
    notHandedOn: 'The texts could not be handed on.',
    unfinished: 'The worker did not finish them.',
  } as const;
  // The workflow's result is what its activity answers; both have one type.
  return (await workflowAnswer(connection, client, asked, wait)) as readonly PredictionItem[];
}
