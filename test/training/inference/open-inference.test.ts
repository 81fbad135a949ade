// Running exported models in threads: order, batches, cancellation, failures.
import { describe, expect, it } from 'vitest';
import { batchTokens, planBatches } from '../../../src/training/inference/batching.ts';
import { exportOnnx } from '../../../src/training/inference/export-onnx.ts';
import { openInference, type Inference } from '../../../src/training/inference/open-inference.ts';
import { examplesOf, familyCase, largestDifference } from './family-reference.ts';

const reference = familyCase('bert', 'classification');
const options = { threads: 1, provider: 'cpu', limits: reference.limits } as const;
const open = (): Promise<Inference> => openInference(exportOnnx(reference.model), options);

/** Rows of every length from 2 to 12, unsorted; more than a hundred batches. */
function manyRows(count: number): { ids: number[]; secondStart: number }[] {
  return Array.from({ length: count }, (_, row) => {
    const length = 2 + ((row * 7) % 11);
    return {
      ids: Array.from({ length }, (_id, place) => 5 + ((row * 31 + place * 17) % 43)),
      secondStart: length,
    };
  });
}

describe('batches', () => {
  it('hold each example once, the longest first, and hardly any padding', () => {
    const examples = examplesOf(manyRows(3000));
    const batches = planBatches(examples);
    const order = batches.flatMap((batch) => [...batch]);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, row) => row));
    let padded = 0;
    let real = 0;
    for (const batch of batches) {
      const lengths = [...batch].map((row) => examples.lengthOf(row));
      expect(lengths[0]).toBe(Math.max(...lengths));
      expect(lengths.length * lengths[0]!).toBeLessThanOrEqual(batchTokens);
      padded += lengths.length * lengths[0]!;
      real += lengths.reduce((sum, length) => sum + length, 0);
    }
    expect(padded / real).toBeLessThan(1.03);
  });

  it('hold an example alone that is longer than a batch', () => {
    const examples = examplesOf([{ ids: Array.from({ length: batchTokens + 1 }, () => 5) }, { ids: [5] }]);
    expect(planBatches(examples).map((batch) => [...batch])).toEqual([[0], [1]]);
  });
});

describe('inference', () => {
  it('gives each example its own logits, in the order asked, whatever it runs beside', async () => {
    const inference = await open();
    const rows = manyRows(700);
    const together = await inference.run(examplesOf(rows));
    expect(together.labelCount).toBe(3);
    for (const row of [0, 1, 10, 333, 699]) {
      const alone = await inference.run(examplesOf([rows[row]!]));
      expect(largestDifference(alone.logits, together.logits.slice(row * 3, row * 3 + 3))).toBeLessThan(1e-5);
    }
    const others = together.logits.slice(3, 6);
    expect(largestDifference(together.logits.slice(0, 3), others)).toBeGreaterThan(0.01);
    await inference.close();
  });

  it('gives each token a row with token classification', async () => {
    const tokens = familyCase('roberta', 'tokenClassification');
    const inference = await openInference(exportOnnx(tokens.model), { ...options, limits: tokens.limits });
    const { rowOffsets, logits, labelCount } = await inference.run(examplesOf(tokens.rows));
    expect([...rowOffsets]).toEqual([0, 10, 14, 21, 24, 33]);
    expect(logits.length).toBe(33 * labelCount);
    await inference.close();
  });

  it('takes several runs at a time, and none at all', async () => {
    const inference = await open();
    const [first, second, none] = await Promise.all([
      inference.run(examplesOf(reference.rows)),
      inference.run(examplesOf([...reference.rows].reverse())),
      inference.run(examplesOf([])),
    ]);
    expect(largestDifference(first.logits, reference.logits)).toBeLessThan(1e-5);
    expect(largestDifference(second.logits.slice(0, 3), reference.logits.slice(-3))).toBeLessThan(1e-5);
    expect(none).toMatchObject({ labelCount: 0, rowOffsets: Int32Array.of(0) });
    await inference.close();
  });

  it('ends soon after its signal, with the signal’s reason, and goes on serving', async () => {
    const inference = await open();
    const controller = new AbortController();
    const reason = new Error('not wanted any more');
    const seen: number[] = [];
    const run = inference.run(examplesOf(manyRows(20_000)), {
      signal: controller.signal,
      onProgress(done) {
        seen.push(done);
        if (seen.length === 3) controller.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    // The batches in progress end; no other begins.
    expect(seen.length).toBeLessThanOrEqual(4);
    const { logits } = await inference.run(examplesOf(reference.rows));
    expect(largestDifference(logits, reference.logits)).toBeLessThan(1e-5);
    await inference.close();
  });

  it('tells its progress up to all', async () => {
    const inference = await open();
    const seen: number[] = [];
    await inference.run(examplesOf(manyRows(300)), { onProgress: (done, total) => seen.push(done / total) });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    await inference.close();
  });

  it('refuses an example that the model cannot take, and goes on serving', async () => {
    const inference = await open();
    const long = { ids: Array.from({ length: 13 }, () => 5) };
    await expect(inference.run(examplesOf([{ ids: [5] }, long]))).rejects.toMatchObject({
      code: 'sequence_too_long',
      message: 'Example 1 has 13 tokens; the model has 12 positions.',
    });
    await expect(inference.run(examplesOf([{ ids: [5, 48] }]))).rejects.toMatchObject({
      code: 'model_incompatible',
      message: 'Example 0 has token id 48; the vocabulary has 48 entries.',
    });
    expect((await inference.run(examplesOf(reference.rows))).logits.length).toBe(15);
    await inference.close();
  });

  it('tells a batch that the session refuses as a failure of the engine, and goes on serving', async () => {
    const limits = { vocabularySize: 1000, maxPositions: 12 };
    const inference = await openInference(exportOnnx(reference.model), { ...options, limits });
    await expect(inference.run(examplesOf([{ ids: [999] }]))).rejects.toMatchObject({
      code: 'engine_failed',
    });
    expect(inference.isOpen()).toBe(true);
    expect((await inference.run(examplesOf(reference.rows))).logits.length).toBe(15);
    await inference.close();
  });

  it('rejects what runs when it is closed, and whatever is asked afterwards', async () => {
    const inference = await open();
    const run = expect(inference.run(examplesOf(manyRows(20_000)))).rejects.toMatchObject({
      code: 'engine_failed',
    });
    await inference.close();
    await run;
    expect(inference.isOpen()).toBe(false);
    await expect(inference.run(examplesOf(reference.rows))).rejects.toMatchObject({ code: 'engine_failed' });
    await inference.close();
  });

  it('does not open what is no model, nor a provider that is not there', async () => {
    await expect(openInference(Uint8Array.of(1, 2, 3), options)).rejects.toMatchObject({
      code: 'engine_failed',
    });
  });

  it('leaves the main thread free while it computes', async () => {
    const inference = await open();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await inference.run(examplesOf(manyRows(5000)));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    await inference.close();
  });
});
