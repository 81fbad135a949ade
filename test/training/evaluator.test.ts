// Evaluation: results in the order of the rows, whatever the batches; progress; ending early.
import { describe, expect, it } from 'vitest';
import type { Example } from '../../src/text/example-table.ts';
import { evaluate, type EvaluationJob } from '../../src/training/evaluator.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import { trainableModel } from '../../src/training/trainable.ts';
import { plainRecipe } from './plain-recipe.ts';
import { labelCount, madeUpExamples, tinyConfig, tinyHead, tokenExamples } from './tiny-task.ts';

const rows = 37;
const examples = madeUpExamples(rows);
const config = { ...tinyConfig, initializerRange: 0.5 };
const parameters = await initialParameters({ config, head: tinyHead }, 3, []);
const job: EvaluationJob = {
  config,
  head: tinyHead,
  vocabulary: null,
  recipe: plainRecipe,
  parameters,
  examples: { examples, targetKind: 'class' },
  batchSize: 8,
  threads: 1,
  provider: 'cpu',
};

function of(chosen: readonly Example[]): EvaluationJob['examples'] {
  return { examples: chosen, targetKind: 'class' };
}

describe('an evaluation', () => {
  it('gives each row the logits that it has alone', async () => {
    const together = await evaluate(job);
    expect(together).toHaveLength(rows * labelCount);
    for (const row of [0, 1, rows - 1]) {
      const alone = await evaluate({ ...job, examples: of([examples[row]!]) });
      alone.forEach((logit, label) => expect(together[row * labelCount + label]).toBeCloseTo(logit, 5));
    }
  });

  it('gives each token its logits, in the order of the tokens of all rows', async () => {
    const head = { task: 'tokenClassification', labelCount } as const;
    const tokens = tokenExamples(11);
    const tokenJob: EvaluationJob = {
      ...job,
      head,
      parameters: await initialParameters({ config, head }, 3, []),
      examples: { examples: tokens, targetKind: 'tokenClasses' },
      batchSize: 4,
    };
    const together = await evaluate(tokenJob);
    let offset = 0;
    for (const example of tokens) {
      const single = { examples: [example], targetKind: 'tokenClasses' } as const;
      const alone = await evaluate({ ...tokenJob, examples: single });
      expect(alone).toHaveLength(example.tokenIds.length * labelCount);
      alone.forEach((logit, place) => expect(together[offset + place]).toBeCloseTo(logit, 5));
      offset += alone.length;
    }
    expect(together).toHaveLength(offset);
  });

  it('gives the same over the vocabulary in use, and with adapters that have no effect yet', async () => {
    const together = await evaluate(job);
    const used = new Set(examples.flatMap(({ tokenIds }) => [...tokenIds]));
    const vocabulary = Int32Array.from(used).sort();
    const recipe = { ...plainRecipe, lora: { rank: 2, alpha: 4, dropout: 0.1 } };
    const { start, frozen } = await trainableModel(
      { config, head: tinyHead, vocabulary },
      recipe,
      parameters,
    );
    const tensors = [...start.parameters, ...frozen];
    expect(vocabulary.length).toBeLessThan(config.vocabularySize);
    const adapted = await evaluate({ ...job, vocabulary, recipe, parameters: tensors });
    adapted.forEach((logit, place) => expect(together[place]).toBeCloseTo(logit, 5));
    const effective = tensors.map((tensor) =>
      tensor.name.includes('.lora_B.') ? { ...tensor, data: tensor.data.map((_, i) => Math.sin(i)) } : tensor,
    );
    expect(await evaluate({ ...job, vocabulary, recipe, parameters: effective })).not.toEqual(adapted);
  });

  it('tells how far it has come', async () => {
    const told: [number, number][] = [];
    await evaluate({ ...job, onProgress: (done, total) => told.push([done, total]) });
    expect(told).toEqual([0, 8, 16, 24, 32].map((done) => [done, rows]));
  });

  it('ends when its signal is aborted, with the reason', async () => {
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const running = evaluate({
      ...job,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    await expect(evaluate({ ...job, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('fails with a coded error when a parameter is missing', async () => {
    await expect(evaluate({ ...job, parameters: parameters.slice(1) })).rejects.toMatchObject({
      code: 'engine_failed',
    });
  });

  it('says so when an example does not fit the model', async () => {
    const long = { ...examples[0]!, tokenIds: new Int32Array(17).fill(5), secondStart: 17 };
    await expect(evaluate({ ...job, examples: of([long]) })).rejects.toMatchObject({
      code: 'sequence_too_long',
    });
  });

  it('says so when memory cannot be had, without the engine’s own words', async () => {
    // Attention scores of 2^47 bytes, more than a process can address; everything before them is small.
    const length = 2 ** 21;
    const large = { ...tinyConfig, hiddenSize: 2, layers: 1, intermediateSize: 2, maxPositions: length };
    const one = { tokenIds: new Int32Array(length).fill(5), secondStart: length, targets: Int32Array.of(0) };
    const huge = {
      ...job,
      config: large,
      parameters: await initialParameters({ config: large, head: tinyHead }, 1, []),
      examples: of(Array.from({ length: 4 }, () => one)),
    };
    await expect(evaluate(huge)).rejects.toMatchObject({
      code: 'out_of_memory',
      message: 'Memory for the work could not be allocated.',
    });
  });
});
