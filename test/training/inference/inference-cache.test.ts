// Which sessions are kept, and which are closed.
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/error.ts';
import { exportOnnx } from '../../../src/training/inference/export-onnx.ts';
import { InferenceCache, type LoadedModel } from '../../../src/training/inference/inference-cache.ts';
import { openInference, type Inference } from '../../../src/training/inference/open-inference.ts';
import { examplesOf, familyCase } from './family-reference.ts';

const reference = familyCase('distilbert', 'classification');

/** Loads real models and remembers them. */
class Loads {
  readonly opened: Inference[] = [];

  readonly load = async (): Promise<LoadedModel> => {
    const model = exportOnnx(reference.model);
    const sizeBytes = model.length;
    const inference = await openInference(model, { threads: 1, provider: 'cpu', limits: reference.limits });
    this.opened.push(inference);
    return { inference, sizeBytes };
  };
}

const run = async (inference: Inference): Promise<number> =>
  (await inference.run(examplesOf(reference.rows))).logits.length;
const nothing = (): Promise<void> => Promise.resolve();

describe('the cache of inference sessions', () => {
  it('loads a model once for all who ask at the same time and after', async () => {
    const cache = new InferenceCache({ sessions: 2, bytes: 1e9 });
    const loads = new Loads();
    const asked = await Promise.all([1, 2, 3].map(() => cache.use('a', loads.load, run)));
    expect(asked).toEqual([15, 15, 15]);
    await cache.use('a', loads.load, run);
    expect(loads.opened).toHaveLength(1);
    await cache.close();
    expect(loads.opened[0]!.isOpen()).toBe(false);
    expect(cache.contentHashes).toEqual([]);
  });

  it('closes the least recently used when there are too many', async () => {
    const cache = new InferenceCache({ sessions: 2, bytes: 1e9 });
    const loads = new Loads();
    for (const key of ['a', 'b', 'a', 'c']) await cache.use(key, loads.load, nothing);
    expect(cache.contentHashes).toEqual(['a', 'c']);
    await expect.poll(() => loads.opened.map((inference) => inference.isOpen())).toEqual([true, false, true]);
    await cache.close();
  });

  it('closes the least recently used when they are too large', async () => {
    const size = exportOnnx(reference.model).length;
    const cache = new InferenceCache({ sessions: 10, bytes: 2.5 * size });
    const loads = new Loads();
    for (const key of ['a', 'b', 'c']) await cache.use(key, loads.load, nothing);
    expect(cache.contentHashes).toEqual(['b', 'c']);
    await cache.close();
  });

  it('keeps what is in use, beyond its limits too', async () => {
    const cache = new InferenceCache({ sessions: 1, bytes: 1e9 });
    const loads = new Loads();
    await cache.use('a', loads.load, async (inference) => {
      await cache.use('b', loads.load, nothing);
      expect(cache.contentHashes).toEqual(['a']);
      expect(await run(inference)).toBe(15);
    });
    expect(cache.contentHashes).toEqual(['a']);
    await cache.close();
  });

  it('does not keep a model that could not be loaded or whose thread has ended, and keeps one after a refused example', async () => {
    const cache = new InferenceCache({ sessions: 2, bytes: 1e9 });
    const loads = new Loads();
    const failure = new CodedError('blob_missing', 'gone');
    await expect(cache.use('a', () => Promise.reject(failure), run)).rejects.toBe(failure);
    expect(cache.contentHashes).toEqual([]);
    const refused = cache.use('a', loads.load, (inference) => inference.run(examplesOf([{ ids: [-1] }])));
    await expect(refused).rejects.toMatchObject({ code: 'model_incompatible' });
    expect(cache.contentHashes).toEqual(['a']);
    await cache.use('a', loads.load, (inference) => inference.close());
    expect(cache.contentHashes).toEqual([]);
    await cache.close();
  });
});
