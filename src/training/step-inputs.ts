// Lays the data of several steps out as the flat inputs of one run of the training graph.
import type { Batch } from './batch.ts';
import type { ElementType, Shape } from './graph/tensor.ts';
import type { ModelHead, Recipe } from './job.ts';
import { holdsWeights } from './loss.ts';
import { optimizers } from './optimizer/optimizer.ts';
import { fillDropoutMask } from './random/dropout-mask.ts';
import type { Keystream } from './random/keystream.ts';
import { layoutColumn, stepInput } from './step-layout.ts';
import type { BatchTargets } from './targets.ts';
import type { DropoutSite } from './part-graph.ts';
import { factorsInput } from './training-graph.ts';

/** One step as planned: what it trains on and at which rate. */
export interface StepPlan {
  /** Counted from 1: the step that this will be. */
  readonly step: number;
  /** Updates of the optimizer with this one: as `step`, but only those of this training. */
  readonly updates: number;
  readonly learningRate: number;
  readonly parts: readonly StepPart[];
}

/** Examples of a step that are computed together. */
interface StepPart {
  readonly batch: Batch;
  readonly targets: BatchTargets;
}

/** Slots of the packed rows of a step, padding included. */
export function slotsOf({ parts }: StepPlan): number {
  return parts.reduce((sum, { batch }) => sum + batch.segments.length, 0);
}

/** A value for one input of a session. */
export interface InputValue {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

/** What the inputs of a step need besides its plan. */
export interface InputFrame {
  readonly head: ModelHead;
  readonly recipe: Pick<Recipe, 'optimizer' | 'weightDecay'>;
  /** What the learning rate of each group of slots is multiplied with. */
  readonly groups: readonly number[];
  readonly hasTokenTypes: boolean;
  /** Whether the graph takes steps of several parts. */
  readonly inParts: boolean;
  readonly dropoutSites: readonly DropoutSite[];
  readonly keystream: Keystream;
}

function siteElements(site: Shape, { packing, picks }: Batch): number {
  const sizes: Readonly<Record<string, number>> = {
    rows: packing.rows,
    width: packing.width,
    'rows*width': packing.rows * packing.width,
    picks: picks.length,
  };
  return site.reduce<number>(
    (product, dimension) => product * (typeof dimension === 'number' ? dimension : (sizes[dimension] ?? 0)),
    1,
  );
}

function partMaskBytes({ batch }: StepPart, sites: readonly DropoutSite[]): number {
  return sites.reduce((sum, { shape }) => sum + siteElements(shape, batch), 0);
}

/** Bytes of dropout masks that a step needs, one an element. */
export function maskBytes({ parts }: StepPlan, sites: readonly DropoutSite[]): number {
  return parts.reduce((sum, part) => sum + partMaskBytes(part, sites), 0);
}

function concatenate<T extends Int32Array | Float32Array>(
  parts: readonly T[],
  empty: (length: number) => T,
): T {
  const whole = empty(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Gives each part of a step its range of a flat input, and remembers where it is. */
class Ranges {
  #end = 0;

  next(row: number[], [first, last]: readonly [number, number], size: number): void {
    row[first] = this.#end;
    this.#end += size;
    row[last] = this.#end;
  }
}

function layoutRows(parts: readonly StepPart[]): number[][] {
  const c = layoutColumn;
  const [slots, words, positions, types] = [new Ranges(), new Ranges(), new Ranges(), new Ranges()];
  const [picks, targets] = [new Ranges(), new Ranges()];
  return parts.map(({ batch, targets: { weights } }) => {
    const row: number[] = [];
    slots.next(row, [c.slots, c.slotsEnd], batch.segments.length);
    row[c.rows] = batch.packing.rows;
    row[c.width] = batch.packing.width;
    words.next(row, [c.words, c.wordsEnd], batch.words.distinct.length);
    positions.next(row, [c.positions, c.positionsEnd], batch.positions.distinct.length);
    types.next(row, [c.tokenTypes, c.tokenTypesEnd], batch.tokenTypes.distinct.length);
    picks.next(row, [c.picks, c.picksEnd], batch.picks.length);
    targets.next(row, [c.targets, c.targetsEnd], weights.length);
    return row;
  });
}

/**
 * Fills all masks, and writes into each layout row where they begin. The sites of a step's parts are numbered on, so that
 * each mask has a stream of its own.
 */
function fillMasks(plans: readonly StepPlan[], rows: readonly number[][], frame: InputFrame): Uint8Array {
  const { dropoutSites, keystream } = frame;
  const masks = new Uint8Array(plans.reduce((sum, plan) => sum + maskBytes(plan, dropoutSites), 0));
  let start = 0;
  let next = 0;
  for (const { step, parts } of plans)
    parts.forEach(({ batch }, part) => {
      const row = rows[next++] ?? [];
      row[layoutColumn.masks] = start;
      dropoutSites.forEach(({ shape, probability }, index) => {
        const end = start + siteElements(shape, batch);
        const site = part * dropoutSites.length + index;
        fillDropoutMask(keystream, step, site, probability, masks.subarray(start, end));
        row[layoutColumn.masks + index + 1] = start = end;
      });
    });
  return masks;
}

/** For each step its first part and their number. */
function partInputs(plans: readonly StepPlan[]): Record<string, InputValue> {
  const counts = plans.map(({ parts }) => parts.length);
  let first = 0;
  const firsts = counts.map((count) => {
    first += count;
    return first - count;
  });
  const integers = (numbers: readonly number[]): InputValue => ({
    type: 'int64',
    shape: [numbers.length],
    data: BigInt64Array.from(numbers, (value) => BigInt(value)),
  });
  return { [stepInput.firstPart]: integers(firsts), [stepInput.partCount]: integers(counts) };
}

function factorInputs(
  plans: readonly StepPlan[],
  { recipe, groups }: InputFrame,
): Record<string, InputValue> {
  const optimizer = optimizers[recipe.optimizer];
  return Object.fromEntries(
    groups.map((multiplier, group) => {
      const data = Float32Array.from(
        plans.flatMap(({ updates, learningRate }) =>
          optimizer.factors(updates, learningRate * multiplier, recipe.weightDecay),
        ),
      );
      return [factorsInput(group), { type: 'float32', shape: [plans.length, optimizer.factorCount], data }];
    }),
  );
}

/** The inputs of a run over the steps planned, by name, without the state. */
export function stepInputs(plans: readonly StepPlan[], frame: InputFrame): Record<string, InputValue> {
  const parts = plans.flatMap((plan) => plan.parts);
  const count = parts.length;
  const rows = layoutRows(parts);
  const masks = fillMasks(plans, rows, frame);
  const list = (of: (batch: Batch) => Int32Array): InputValue => {
    const data = concatenate(
      parts.map(({ batch }) => of(batch)),
      (length) => new Int32Array(length),
    );
    return { type: 'int32', shape: [data.length], data };
  };
  const perPart = (of: (batch: Batch) => Int32Array): InputValue => {
    const { type, data } = list(of);
    return { type, shape: [count, data.length / count], data };
  };
  return {
    [stepInput.layout]: {
      type: 'int64',
      shape: [count, rows[0]?.length ?? 0],
      data: BigInt64Array.from(rows.flat(), (value) => BigInt(value)),
    },
    [stepInput.wordIds]: list(({ words }) => words.ids),
    [stepInput.distinctWords]: list(({ words }) => words.distinct),
    [stepInput.wordSlots]: perPart(({ words }) => words.slots),
    [stepInput.positionIds]: list(({ positions }) => positions.ids),
    [stepInput.distinctPositions]: list(({ positions }) => positions.distinct),
    [stepInput.positionSlots]: perPart(({ positions }) => positions.slots),
    ...(frame.hasTokenTypes
      ? {
          [stepInput.tokenTypeIds]: list(({ tokenTypes }) => tokenTypes.ids),
          [stepInput.distinctTokenTypes]: list(({ tokenTypes }) => tokenTypes.distinct),
          [stepInput.tokenTypeSlots]: perPart(({ tokenTypes }) => tokenTypes.slots),
        }
      : {}),
    [stepInput.segments]: list(({ segments }) => segments),
    [stepInput.picks]: list(({ picks }) => picks),
    [stepInput.pickSlots]: list(({ pickSlots }) => pickSlots),
    ...targetInputs(parts, frame.head),
    ...(frame.inParts ? partInputs(plans) : {}),
    ...factorInputs(plans, frame),
    ...(masks.length === 0
      ? {}
      : { [stepInput.masks]: { type: 'uint8', shape: [masks.length], data: masks } satisfies InputValue }),
  };
}

function targetInputs(parts: readonly StepPart[], head: ModelHead): Record<string, InputValue> {
  const weights = concatenate(
    parts.map(({ targets }) => targets.weights),
    (length) => new Float32Array(length),
  );
  const ids = parts.flatMap(({ targets: { targets } }) => (targets instanceof Int32Array ? [targets] : []));
  const dense = parts.flatMap(({ targets: { targets } }) =>
    targets instanceof Float32Array ? [targets] : [],
  );
  const targets: InputValue =
    head.task === 'maskedLanguage'
      ? { type: 'int32', shape: [weights.length], data: concatenate(ids, (length) => new Int32Array(length)) }
      : {
          type: 'float32',
          shape: [weights.length, head.labelCount],
          data: concatenate(dense, (length) => new Float32Array(length)),
        };
  const values: Record<string, InputValue> = { [stepInput.targets]: targets };
  if (!holdsWeights(head.task))
    values[stepInput.weights] = { type: 'float32', shape: [weights.length], data: weights };
  return values;
}
