// Predictions on request: what is asked of a trained model, what it answers, and the limits of both.
import { CodedError } from '../error.ts';

export const predictionLimits = {
  /** Texts, or pairs, of one request. */
  items: 256,
  textCharacters: 100_000,
  /** Of the request, and of the answer, as JSON: both pass through Temporal. */
  payloadBytes: 1024 * 1024,
  /** From the request to the answer, the wait for a worker included. */
  seconds: 60,
} as const;

/** Texts, or pairs where the experiment was trained on pairs. Of a token classification they are split into words. */
export type PredictionTexts =
  { readonly texts: readonly string[] } | { readonly pairs: readonly (readonly [string, string])[] };

/** By label. */
type Probabilities = Readonly<Record<string, number>>;

interface PredictedWord {
  readonly word: string;
  /** `null`, as the probability: the word is beyond what the model reads. */
  readonly label: string | null;
  readonly probability: number | null;
}

/** Of one text; which one follows from the experiment's task. */
export type PredictionItem =
  | { readonly label: string; readonly probabilities: Probabilities }
  | { readonly labels: readonly string[]; readonly probabilities: Probabilities }
  | { readonly value: number }
  | { readonly words: readonly PredictedWord[] };

/**
 * To be called with what is about to pass through Temporal.
 *
 * @throws CodedError `payload_too_large`.
 */
export function requirePredictionSize(what: 'request' | 'answer', value: unknown): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify(value));
  if (sizeBytes <= predictionLimits.payloadBytes) return;
  throw new CodedError(
    'payload_too_large',
    `The ${what} has ${sizeBytes} bytes as JSON, over ${predictionLimits.payloadBytes}: send fewer or shorter texts.`,
  );
}
