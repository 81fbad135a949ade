// Texts through a model whose engine answers, or does not: its silence is counted while it works, and no longer.
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { specialTokens, wordPieceTokenizerJson } from '../../../src/text/vocabulary.ts';
import { createTokenizer } from '../../../src/text/tokenizer.ts';
import type { Inference } from '../../../src/training/inference/open-inference.ts';
import { Watchdog } from '../../../workers/attempt/watchdog.ts';
import { predictTexts } from '../../../workers/prediction/predictor.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const vocabulary = new Map(specialTokens.map((token, id) => [token, id]));
const reading = {
  snapshot: {
    task: 'classification' as const,
    columns: { text: 'text', textPair: null, label: 'label' },
    labels: ['no', 'yes'],
  },
  tokenizer: createTokenizer(JSON.stringify(wordPieceTokenizerJson(vocabulary, true))),
  length: 8,
};

function predictedBy(run: Inference['run']) {
  const endProcess = vi.fn();
  const info = { heartbeatTimeoutMs: 60_000 };
  const watchdog = new Watchdog({ endProcess, log: pino({ level: 'silent' }) }, { info });
  const inference: Inference = { provider: 'cpu', run, isOpen: () => true, close: () => Promise.resolve() };
  const { signal } = new AbortController();
  const predicted = predictTexts(inference, reading, { texts: ['a text'] }, { signal, watchdog });
  return { predicted, endProcess };
}

it('ends the process of an engine that hangs', async () => {
  const { endProcess } = predictedBy((_examples, options) => {
    options?.onProgress?.(1, 2);
    return new Promise(() => undefined);
  });
  await vi.advanceTimersByTimeAsync(89_000);
  expect(endProcess).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(endProcess).toHaveBeenCalledTimes(1);
});

it('watches no longer than the engine works', async () => {
  const answered = predictedBy(() =>
    Promise.resolve({ logits: Float32Array.of(0, 1), labelCount: 2, rowOffsets: Int32Array.of(0, 1) }),
  );
  expect(await answered.predicted).toMatchObject([{ label: 'yes' }]);
  const failed = predictedBy(() => Promise.reject(new Error('no such operator')));
  await expect(failed.predicted).rejects.toThrow('no such operator');
  await vi.advanceTimersByTimeAsync(200_000);
  expect(answered.endProcess).not.toHaveBeenCalled();
  expect(failed.endProcess).not.toHaveBeenCalled();
});
