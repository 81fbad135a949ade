// A packed batch: where each token lies, what the lookups need, what the head reads and what it is to predict.
import { describe, expect, it } from 'vitest';
import { noTarget, exampleTableOf, type Example } from '../../src/text/example-table.ts';
import {
  checkExamples,
  packBatch,
  rowsOfIds,
  type Batch,
  type BatchShape,
} from '../../src/training/batch.ts';
import type { ModelHead } from '../../src/training/job.ts';
import { packingCost } from '../../src/training/packing.ts';
import { batchTargets, lossDenominator } from '../../src/training/targets.ts';
import { plainRecipe } from './plain-recipe.ts';
import { floatTargets, madeUpExamples, tinyConfig, tinyHead, tokenExamples } from './tiny-task.ts';

const shape: BatchShape = {
  config: tinyConfig,
  head: tinyHead,
  cost: packingCost(tinyConfig),
  rowOfId: null,
};

function example(
  ids: readonly number[],
  secondStart = ids.length,
  targets: Int32Array = Int32Array.of(0),
): Example {
  return { tokenIds: Int32Array.from(ids), secondStart, targets };
}

function slotOf({ packing }: Batch, sequence: number): number {
  return packing.row[sequence]! * packing.width + packing.start[sequence]!;
}

describe('a batch', () => {
  const examples = madeUpExamples(9);
  const batch = packBatch(examples, shape);

  it('has the tokens of each sequence side by side, with positions from the start and a segment of their own', () => {
    examples.forEach(({ tokenIds }, sequence) => {
      const slot = slotOf(batch, sequence);
      const end = slot + tokenIds.length;
      expect(batch.words.ids.slice(slot, end)).toEqual(tokenIds);
      expect([...batch.positions.ids.slice(slot, end)]).toEqual([...tokenIds.keys()]);
      expect(new Set(batch.segments.slice(slot, end))).toEqual(new Set([sequence]));
      expect(batch.picks[sequence]).toBe(slot);
    });
    const tokens = examples.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    expect(batch.tokens).toBe(tokens);
    expect(batch.segments.filter((segment) => segment === -1)).toHaveLength(batch.segments.length - tokens);
  });

  it('names each row of a table that occurs once, and its place', () => {
    for (const [{ ids, distinct, slots }, rows] of [
      [batch.words, tinyConfig.vocabularySize],
      [batch.positions, tinyConfig.maxPositions],
    ] as const) {
      expect(new Set(distinct)).toEqual(new Set(ids));
      expect(new Set(distinct).size).toBe(distinct.length);
      expect(slots).toHaveLength(rows);
      slots.forEach((place, row) => {
        if (place === distinct.length) expect(distinct).not.toContain(row);
        else expect(distinct[place]).toBe(row);
      });
    }
  });

  it('knows the place of each slot among the picks', () => {
    batch.pickSlots.forEach((place, slot) => {
      if (place === batch.picks.length) expect(batch.picks).not.toContain(slot);
      else expect(batch.picks[place]).toBe(slot);
    });
  });

  it('gives the second text its own type, and none where the model knows but one', () => {
    const pair = [example([2, 5, 3, 6, 7, 3], 3)];
    expect([...packBatch(pair, shape).tokenTypes.ids]).toEqual([0, 0, 0, 1, 1, 1]);
    const roberta = { ...shape, config: { ...tinyConfig, typeVocabularySize: 1 } };
    const { ids, distinct } = packBatch(pair, roberta).tokenTypes;
    expect([...ids, ...distinct]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('begins its positions where those of the model do', () => {
    const roberta = { ...shape, config: { ...tinyConfig, positionOffset: 2 } };
    expect([...packBatch([example([2, 5, 3])], roberta).positions.ids]).toEqual([2, 3, 4]);
  });

  it('finds the rows of a vocabulary in use, and refuses a token that it lacks', () => {
    const rowOfId = rowsOfIds(Int32Array.of(2, 3, 7, 20));
    const inUse = { ...shape, config: { ...tinyConfig, vocabularySize: 4 }, rowOfId };
    expect([...packBatch([example([2, 20, 7, 3])], inUse).words.ids]).toEqual([0, 3, 2, 1]);
    for (const id of [0, 6, 21])
      expect(() => packBatch([example([2, id, 3])], inUse)).toThrow(
        expect.objectContaining({ code: 'model_incompatible' }),
      );
  });

  it('reads the tokens that it is told to', () => {
    const two = [example([2, 5, 3]), example([2, 6, 7, 8, 3])];
    const batch = packBatch(two, shape, (_, index) => (index === 0 ? [1] : [2, 3]));
    expect([...batch.picks].map((slot) => batch.words.ids[slot])).toEqual([5, 7, 8]);
  });
});

describe('examples', () => {
  it('are refused when the model cannot take them', () => {
    const table = exampleTableOf([example([5, 6, 7]), example([8, 9])], 'class');
    const config = { ...tinyConfig, maxPositions: 3, vocabularySize: 10 };
    expect(() => checkExamples(table, config)).not.toThrow();
    for (const short of [
      { ...config, maxPositions: 2 },
      { ...config, positionOffset: 1 },
    ])
      expect(() => checkExamples(table, short)).toThrow(
        expect.objectContaining({
          code: 'sequence_too_long',
          message: expect.stringContaining('3 tokens') as string,
        }),
      );
    expect(() => checkExamples(table, { ...config, vocabularySize: 9 })).toThrow(
      expect.objectContaining({
        code: 'model_incompatible',
        message: expect.stringContaining('token id 9') as string,
      }),
    );
  });
});

describe('the targets of a batch', () => {
  function targetsOf(
    task: ModelHead['task'],
    labelCount: number,
    examples: readonly Example[],
    changes = {},
  ) {
    const head = { task, labelCount };
    const batch = packBatch(examples, { ...shape, head });
    const recipe = { ...plainRecipe, ...changes };
    return { batch, ...batchTargets(batch, head, recipe, lossDenominator(examples, head, recipe)) };
  }
  const classes = [1, 0, 2].map((label) => example([2, 5, 3], 3, Int32Array.of(label)));

  it('share the weight of 1 among single labels', () => {
    const { targets } = targetsOf('classification', 3, classes);
    const third = Math.fround(1 / 3);
    expect([...targets]).toEqual([0, third, 0, third, 0, 0, 0, 0, third]);
  });

  it('of parts of a step make up those of the whole', () => {
    const recipe = { ...plainRecipe, classWeights: [0.5, 1, 2.5], labelSmoothing: 0.1 };
    const denominator = lossDenominator(classes, tinyHead, recipe);
    expect(denominator).toBe(4);
    const targets = (part: readonly Example[]): number[] => {
      return [...batchTargets(packBatch(part, shape), tinyHead, recipe, denominator).targets];
    };
    expect([...targets(classes.slice(0, 2)), ...targets(classes.slice(2))]).toEqual(targets(classes));
  });

  it('are those of PyTorch with class weights and smoothing: both add up as its formula says', () => {
    const { targets } = targetsOf('classification', 3, classes, {
      classWeights: [0.5, 1, 2.5],
      labelSmoothing: 0.3,
    });
    // ((1 - s) w[y] and s / 3 w[c]) / (0.5 + 1 + 2.5)
    const expected = [
      [0.1 * 0.5, 0.8, 0.1 * 2.5],
      [0.8 * 0.5, 0.1, 0.1 * 2.5],
      [0.1 * 0.5, 0.1, 0.8 * 2.5],
    ];
    [...targets].forEach((target, place) => expect(target).toBeCloseTo(expected.flat()[place]! / 4, 6));
  });

  it('leave out tokens without a label, and padding', () => {
    const examples = tokenExamples(5);
    const { batch, targets } = targetsOf('tokenClassification', 3, examples);
    const labelled = examples.flatMap((one) => [...one.targets]).filter((label) => label !== noTarget).length;
    expect(targets).toHaveLength(batch.segments.length * 3);
    expect(targets.filter((target) => target > 0)).toHaveLength(labelled);
    expect([...targets].reduce((sum, target) => sum + target, 0)).toBeCloseTo(1, 5);
    const slot = slotOf(batch, 0);
    expect(targets[(slot + 1) * 3 + examples[0]!.targets[1]!]).toBeCloseTo(1 / labelled, 6);
  });

  it('are the numbers themselves for a regression and several labels, their weight one over their number', () => {
    const values = [0.5, -2].map((value) => example([2, 3], 2, floatTargets([value])));
    const regression = targetsOf('regression', 1, values);
    expect([...regression.targets, ...regression.weights]).toEqual([0.5, -2, 0.5, 0.5]);
    const sets = [example([2, 3], 2, floatTargets([1, 0, 1])), example([2, 3], 2, floatTargets([0, 0, 1]))];
    const several = targetsOf('multiLabel', 3, sets);
    expect([...several.targets]).toEqual([1, 0, 1, 0, 0, 1]);
    expect([...several.weights]).toEqual([Math.fround(1 / 6), Math.fround(1 / 6)]);
  });

  it('are the masked words for masked language, in the order of the picks', () => {
    const examples = [
      example([2, 4, 3], 3, Int32Array.of(noTarget, 9, noTarget)),
      example([2, 4, 4, 3], 4, Int32Array.of(noTarget, 8, 7, noTarget)),
    ];
    const { targets, weights } = targetsOf('maskedLanguage', 0, examples);
    expect([...targets]).toEqual([9, 8, 7]);
    expect(weights).toEqual(new Float32Array(3).fill(1 / 3));
  });
});
