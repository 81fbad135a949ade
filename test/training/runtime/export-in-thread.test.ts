// Exporting a model beside the main thread: the same bytes, its failures by their codes, and an end when it is told to stop.
import { expect, it } from 'vitest';
import { exportOnnx } from '../../../src/training/inference/export-onnx.ts';
import type { InferenceModel } from '../../../src/training/inference/inference-model.ts';
import { initialParameters } from '../../../src/training/initial-parameters.ts';
import { exportInThread } from '../../../src/training/runtime/export-in-thread.ts';

const config: InferenceModel['config'] = {
  family: 'bert',
  positionOffset: 0,
  vocabularySize: 50,
  hiddenSize: 16,
  layers: 1,
  heads: 2,
  intermediateSize: 32,
  maxPositions: 16,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
};
const head = { task: 'classification', labelCount: 3 } as const;

async function model(precision: InferenceModel['precision']): Promise<InferenceModel> {
  const tensors = await initialParameters({ config, head }, 1, [], () => undefined);
  return { config, head, precision, tensors };
}

const never = new AbortController().signal;

it.each(['float32', 'int8'] as const)(
  'gives the bytes that the main thread would, in %s, and leaves the tensors as they are',
  async (precision) => {
    const given = await model(precision);
    const bytes = await exportInThread(given, never);
    expect(Buffer.from(bytes).equals(exportOnnx(given))).toBe(true);
  },
);

it('tells what is wrong with a model by its code', async () => {
  const given = await model('float32');
  const lacking = { ...given, tensors: given.tensors.slice(1) };
  await expect(exportInThread(lacking, never)).rejects.toMatchObject({ code: 'model_incompatible' });
});

it('ends with the reason of its signal', async () => {
  const stopping = new AbortController();
  const exporting = exportInThread(await model('int8'), stopping.signal);
  stopping.abort(new Error('the worker stops'));
  await expect(exporting).rejects.toThrow('the worker stops');
  await expect(exportInThread(await model('int8'), stopping.signal)).rejects.toThrow('the worker stops');
});
