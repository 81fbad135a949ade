// Exported models beside transformers, and what cannot be exported.
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../../src/training/inference/export-onnx.ts';
import type { InferenceModel } from '../../../src/training/inference/inference-model.ts';
import type { NamedTensor } from '../../../src/training/job.ts';
import { openInference } from '../../../src/training/inference/open-inference.ts';
import {
  examplesOf,
  families,
  familyCase,
  largestDifference,
  tasks,
  type FamilyCase,
} from './family-reference.ts';

async function logitsOf({ model, limits, rows }: FamilyCase): Promise<Float32Array> {
  const inference = await openInference(exportOnnx(model), { threads: 1, provider: 'cpu', limits });
  try {
    return (await inference.run(examplesOf(rows))).logits;
  } finally {
    await inference.close();
  }
}

function changed(
  model: InferenceModel,
  name: string,
  change: (tensor: NamedTensor) => NamedTensor[],
): InferenceModel {
  return {
    ...model,
    tensors: model.tensors.flatMap((tensor) => (tensor.name === name ? change(tensor) : [tensor])),
  };
}

describe('an exported model', () => {
  for (const family of families)
    for (const task of tasks) {
      it(`gives the logits of transformers: ${family}, ${task}`, async () => {
        const reference = familyCase(family, task);
        // Float32 in another order of summation; the largest logits are near 5.
        expect(largestDifference(await logitsOf(reference), reference.logits)).toBeLessThan(1e-5);
      });

      it(`stays near them with int8 weights, which are not the float32 ones: ${family}, ${task}`, async () => {
        const reference = familyCase(family, task, 'int8');
        const difference = largestDifference(await logitsOf(reference), reference.logits);
        expect(difference).toBeGreaterThan(1e-4);
        expect(difference).toBeLessThan(0.2);
      });
    }

  it('has other logits when any of its tensors is another', async () => {
    for (const family of families) {
      const reference = familyCase(family, 'classification');
      for (const { name } of reference.model.tensors) {
        // The softmax does not see what is added to all scores of a query.
        if (/key\.bias|k_lin\.bias/.test(name)) continue;
        const model = changed(reference.model, name, (tensor) => [
          { ...tensor, data: tensor.data.map((value, place) => value + 0.5 * Math.sin(place + 1)) },
        ]);
        const difference = largestDifference(await logitsOf({ ...reference, model }), reference.logits);
        expect(difference, name).toBeGreaterThan(1e-4);
      }
    }
  });

  it('is the same bytes each time, and smaller with int8 weights', () => {
    const { model } = familyCase('bert', 'classification');
    const bytes = exportOnnx(model);
    expect(Buffer.compare(bytes, exportOnnx(model))).toBe(0);
    expect(exportOnnx({ ...model, precision: 'int8' }).length).toBeLessThan(bytes.length * 0.8);
  });

  it('is refused, with the name, when a tensor is missing or of another shape', () => {
    for (const family of families) {
      const { model } = familyCase(family, 'classification');
      for (const { name } of model.tensors) {
        expect(() => exportOnnx(changed(model, name, () => [])), name).toThrow(`There is no tensor ${name}.`);
        const misshapen = changed(model, name, (tensor) => [{ ...tensor, shape: [...tensor.shape, 1] }]);
        expect(() => exportOnnx(misshapen), name).toThrow(`${name} is [`);
      }
    }
  });
});
