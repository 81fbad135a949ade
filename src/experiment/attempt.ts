// What an attempt at a part of an experiment is at, and why it ended.

export type AttemptPhase = 'preparing' | 'training' | 'evaluating';

export const attemptCauses = ['completed', 'handedBack', 'paused', 'cancelled', 'failed', 'lost'] as const;

export type AttemptCause = (typeof attemptCauses)[number];
