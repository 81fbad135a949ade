// Lays the data of several steps out as the flat inputs of one run of the training graph.
import type { Batch } from './batch.ts';
import type { ElementType, Shape } from './graph/tensor.ts';
import { stepFactors } from './optimizer/adamw.ts';
import { fillDropoutMask } from './random/dropout-mask.ts';
import type { Keystream } from './random/keystream.ts';
import { layoutColumn, stepInput } from './step-layout.ts';

/** One step as planned: what it trains on and at which rate. */
export interface StepPlan {
  /** Counted from 1: the step that this will be. */
  readonly step: number;
  readonly learningRate: number;
  readonly batch: Batch;
}

/** A value for one input of a session. */
export interface InputValue {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export interface DropoutPlan {
  readonly probability: number;
  readonly keystream: Keystream;
  readonly sites: readonly Shape[];
}

function siteElements(site: Shape, batch: Batch): number {
  return site.reduce<number>((product, dimension) => {
    if (typeof dimension === 'number') return product * dimension;
    return product * (dimension === 'batch' ? batch.size : batch.length);
  }, 1);
}

/** Bytes of dropout masks that a step needs, one an element. */
export function maskBytes(batch: Batch, dropout: DropoutPlan): number {
  return dropout.sites.reduce((sum, site) => sum + siteElements(site, batch), 0);
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

/** The layout rows, and all masks filled. */
function layoutAndMasks(
  plans: readonly StepPlan[],
  dropout: DropoutPlan,
): { rows: number[][]; masks: Uint8Array } {
  const masks = new Uint8Array(plans.reduce((sum, { batch }) => sum + maskBytes(batch, dropout), 0));
  let tokens = 0;
  let examples = 0;
  let maskStart = 0;
  const rows = plans.map(({ step, batch }) => {
    const row: number[] = [];
    row[layoutColumn.tokens] = tokens;
    row[layoutColumn.tokensEnd] = tokens += batch.size * batch.length;
    row[layoutColumn.examples] = examples;
    row[layoutColumn.examplesEnd] = examples += batch.size;
    row[layoutColumn.batch] = batch.size;
    row[layoutColumn.length] = batch.length;
    row[layoutColumn.masks] = maskStart;
    dropout.sites.forEach((site, index) => {
      const end = maskStart + siteElements(site, batch);
      fillDropoutMask(dropout.keystream, step, index, dropout.probability, masks.subarray(maskStart, end));
      row[layoutColumn.masks + index + 1] = maskStart = end;
    });
    return row;
  });
  return { rows, masks };
}

/** The inputs of a run over the steps planned, by name, without the state. */
export function stepInputs(
  plans: readonly StepPlan[],
  dropout: DropoutPlan,
  weightDecay: number,
): Record<string, InputValue> {
  const count = plans.length;
  const { rows, masks } = layoutAndMasks(plans, dropout);
  const integers = (pick: (batch: Batch) => Int32Array): InputValue => {
    const data = concatenate(
      plans.map(({ batch }) => pick(batch)),
      (length) => new Int32Array(length),
    );
    return { type: 'int32', shape: [data.length], data };
  };
  const keyBias = concatenate(
    plans.map(({ batch }) => batch.keyBias),
    (length) => new Float32Array(length),
  );
  const factors = plans.map(({ step, learningRate }) => stepFactors(step, learningRate, weightDecay));
  const factor = (name: 'decay' | 'stepSize' | 'epsilon'): InputValue => ({
    type: 'float32',
    shape: [count],
    data: Float32Array.from(factors, (values) => values[name]),
  });
  return {
    [stepInput.layout]: {
      type: 'int64',
      shape: [count, rows[0]?.length ?? 0],
      data: BigInt64Array.from(rows.flat(), (value) => BigInt(value)),
    },
    [stepInput.tokenIds]: integers((batch) => batch.tokenIds),
    [stepInput.tokenTypes]: integers((batch) => batch.tokenTypes),
    [stepInput.labels]: integers((batch) => batch.labels),
    [stepInput.keyBias]: { type: 'float32', shape: [keyBias.length], data: keyBias },
    [stepInput.decay]: factor('decay'),
    [stepInput.stepSize]: factor('stepSize'),
    [stepInput.epsilon]: factor('epsilon'),
    ...(dropout.sites.length === 0
      ? {}
      : { [stepInput.masks]: { type: 'uint8', shape: [masks.length], data: masks } satisfies InputValue }),
  };
}
