// The queues of both sides, with as many slots for activities as the project's own workers have.
import { taskQueues } from '../../../src/experiment/name.ts';

export type Kind = keyof typeof taskQueues;

export const slotsOf: Readonly<Record<Kind, number>> = { coordinator: 50, training: 1, evaluation: 4 };

export const bareQueueOf = (kind: Kind): string => `bare-${taskQueues[kind]}`;
