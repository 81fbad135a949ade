// The report's schema against the metrics that are computed, task by task: neither has a field that the other has not.
import { describe, expect, it } from 'vitest';
import { Value } from 'typebox/value';
import type { Static, TSchema } from 'typebox';
import { evaluationFormatVersion } from '../../src/experiment/evaluation-format.ts';
import { evaluationSchema, evaluationSchemas } from '../../src/http/schemas/evaluation.ts';
import type { EvaluationDocument } from '../../workers/activities/evaluation-document.ts';
import { computedMetrics } from './computed-metrics.ts';

type ReadonlyDeep<T> = T extends readonly (infer Item)[]
  ? readonly ReadonlyDeep<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> }
    : T;

type WithoutPublication<T> = T extends unknown ? Omit<T, 'experimentId' | 'training'> : never;

/** Compiles only while what the evaluation stores is what the document says of a report. */
const documented = (
  report: EvaluationDocument,
): ReadonlyDeep<WithoutPublication<Static<typeof evaluationSchema>>> => report;

const hash = `sha256:${'0'.repeat(64)}`;
const stored = {
  formatVersion: evaluationFormatVersion,
  snapshotSha256: hash,
  checkpoint: { step: 3, id: hash, weightsSha256: hash },
  labels: ['a', 'b'],
  predictions: { sha256: hash, sizeBytes: 1 },
  inference: {
    float32: { model: { sha256: hash, sizeBytes: 1 }, largestLogitDifference: 1e-6, comparedRows: 8 },
    int8: {
      model: { sha256: hash, sizeBytes: 1 },
      largestLogitDifference: 0.01,
      metrics: { loss: 1, r2: null },
    },
  },
} as const;
const profile = {
  onnxruntimeVersion: '1.0.0',
  provider: 'cpu',
  instructionSet: 'avx2',
  threads: 2,
  graphSha256: hash,
};
const frame = {
  ...stored,
  experimentId: 'exp_1',
  training: { specSha256: hash, profile, ledger: { steps: 3, sha256: hash } },
};

/** A schema that takes no field besides its own, at any depth. */
function closed(schema: TSchema): TSchema {
  if ('properties' in schema) {
    const properties = schema['properties'] as Record<string, TSchema>;
    const inner = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, closed(one)]));
    return { ...schema, properties: inner, additionalProperties: false };
  }
  if ('items' in schema) return { ...schema, items: closed(schema['items'] as TSchema) };
  if ('anyOf' in schema) return { ...schema, anyOf: (schema['anyOf'] as TSchema[]).map(closed) };
  return schema;
}

const tasks = Object.keys(computedMetrics) as (keyof typeof computedMetrics)[];

describe('a report', () => {
  it.each(tasks)('of a %s has the fields of its schema and none besides', (task) => {
    const report = { ...frame, ...documented({ ...stored, ...computedMetrics[task] }) };
    const schema = closed(evaluationSchemas[task]);
    expect([...Value.Errors(schema, report)]).toEqual([]);
    expect(Value.Check(evaluationSchema, report)).toBe(true);
    for (const name of Object.keys(computedMetrics[task])) {
      const { [name as keyof typeof report]: _left, ...without } = report;
      expect([name, Value.Check(schema, without)]).toEqual([name, false]);
    }
    expect(Value.Check(schema, { ...report, more: 1 })).toBe(false);
  });

  it('of one task does not pass for that of another', () => {
    for (const task of tasks)
      for (const other of tasks.filter((one) => one !== task))
        expect(Value.Check(evaluationSchemas[other], { ...frame, ...computedMetrics[task] })).toBe(false);
  });
});
