// Predictions over HTTP: what is asked of a worker, what comes back, and what is refused before a worker hears of it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Value } from 'typebox/value';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { CodedError } from '../../src/error.ts';
import type { PredictionInput } from '../../src/experiment/activity.ts';
import type { PredictionItem } from '../../src/experiment/prediction.ts';
import { predictionAnswerSchema } from '../../src/http/schemas/prediction.ts';
import {
  beginTraining,
  call,
  commitCheckpoint,
  expectProblem,
  startService,
  submissionOf,
  type Service,
} from './fixture.ts';

let service: Service;
let holder: LeaseHolder;
let asked: PredictionInput[];
let items: readonly PredictionItem[];

beforeAll(async () => {
  service = await startService();
  holder = await beginTraining(service);
  await commitCheckpoint(service, holder, 5);
});

beforeEach(() => {
  asked = [];
  items = [{ label: 'a', probabilities: { a: 0.75, b: 0.25 } }];
  service.temporalAnswers = true;
  service.predict = (input) => {
    asked.push(input);
    return Promise.resolve(items);
  };
});

afterAll(() => service.stop());

const predict = (payload: object, id = holder.experimentId) =>
  call(service, 'POST', `/experiments/${id}/predictions`, { payload });

describe('predictions', () => {
  it.each<[string, PredictionItem]>([
    ['classification', { label: 'a', probabilities: { a: 0.75, b: 0.25 } }],
    ['multiLabel', { labels: ['a', 'b'], probabilities: { a: 0.75, b: 0.5, c: 0.1 } }],
    ['regression', { value: -2.5 }],
    [
      'tokenClassification',
      {
        words: [
          { word: 'the', label: 'O', probability: 0.9 },
          { word: 'end', label: null, probability: null },
        ],
      },
    ],
  ])('of a %s are what the worker answers', async (_task, item) => {
    items = [item];
    const response = await predict({ texts: ['a text'] });
    expect([response.statusCode, response.json()]).toEqual([200, { items: [item] }]);
    expect(Value.Errors(predictionAnswerSchema, response.json())).toEqual([]);
    expect(asked).toEqual([{ projectId: 'default', experimentId: holder.experimentId, texts: ['a text'] }]);
  });

  it('of an experiment on pairs are asked for with pairs', async () => {
    const split = [
      { one: 'a', two: 'b', label: 'x' },
      { one: 'c', two: 'd', label: 'y' },
    ];
    const dataset = {
      rows: { train: split, test: split },
      textField: 'one',
      textPairField: 'two',
      labelField: 'label',
    };
    const created = await call(service, 'POST', '/experiments', {
      payload: { ...submissionOf(''), dataset },
    });
    const { id } = created.json<{ id: string }>();
    const pairs = [['a', 'b']];
    expectProblem(await predict({ pairs }, id), 409, 'no_checkpoint');
    await commitCheckpoint(service, await beginTraining(service, id), 5);
    expect((await predict({ pairs }, id)).statusCode).toBe(200);
    expect(asked).toEqual([{ projectId: 'default', experimentId: id, pairs }]);
    const texts = await predict({ texts: ['a'] }, id);
    expectProblem(texts, 400, 'invalid_request', ['/pairs', '/texts']);
    expect(texts.json<{ detail: string }>().detail).toContain('{ "pairs": [["a text", "its second text"]] }');
    expectProblem(await predict({ texts: ['a'], pairs }, id), 400, 'invalid_request', ['/texts']);
  });

  it.each<[string, object, string[]]>([
    ['a plain string', { texts: 'Ada lives in Paris' }, ['/texts']],
    ['lists of words', { texts: [['Ada', 'lives', 'in', 'Paris']] }, ['/texts/0']],
    ['nothing', {}, ['/texts']],
    ['pairs', { pairs: [['Ada', 'Paris']] }, ['/pairs', '/texts']],
  ])('of words, from %s, are refused with an example of what is taken', async (_what, payload, paths) => {
    const split = [{ words: ['Ada', 'lives'], tags: ['B', 'O'] }];
    const dataset = {
      rows: { train: split, test: split },
      textField: 'words',
      labelField: 'tags',
      task: 'tokenClassification',
    };
    const created = await call(service, 'POST', '/experiments', {
      payload: { ...submissionOf(''), dataset },
    });
    const refused = await predict(payload, created.json<{ id: string }>().id);
    expectProblem(refused, 400, 'invalid_request', paths);
    const { detail } = refused.json<{ detail: string }>();
    expect(detail).toContain('{ "texts": ["Ada lives in Paris"] }');
    expect(detail).toContain(JSON.stringify(JSON.stringify(['Ada', 'New York'])));
  });

  it('of an experiment on texts or pairs are refused with an example of those', async () => {
    const { detail } = (await predict({ texts: 'a text' })).json<{ detail: string }>();
    expect(detail).toContain('{ "texts": ["a text", "another text"] }');
  });

  it.each<[string, object, string]>([
    ['nothing', {}, '/texts'],
    ['no text', { texts: [] }, '/texts'],
    ['257 texts', { texts: Array.from({ length: 257 }, () => 'a') }, '/texts'],
    ['a text of spaces', { texts: ['a', ' \n '] }, '/texts/1'],
    ['a text that is too long', { texts: ['a'.repeat(100_001)] }, '/texts/0'],
    ['a text that is none', { texts: [1] }, '/texts/0'],
    ['a pair of three', { pairs: [['a', 'b', 'c']] }, '/pairs/0'],
    ['a field besides', { texts: ['a'], labels: ['x'] }, '/labels'],
    ['pairs too', { texts: ['a'], pairs: [['a', 'b']] }, '/pairs'],
  ])('of %s are refused', async (_what, payload, path) => {
    expectProblem(await predict(payload), 400, 'invalid_request', [path]);
    expect(asked).toEqual([]);
  });

  it('of 256 texts of any language are taken, and of more than 1 MiB together refused', async () => {
    const texts = Array.from({ length: 256 }, (_, index) => `текст ${index} 💥`);
    expect((await predict({ texts })).statusCode).toBe(200);
    const long = Array.from({ length: 11 }, () => 'a'.repeat(100_000));
    expectProblem(await predict({ texts: long }), 413, 'payload_too_large');
    expect(asked).toHaveLength(1);
    expect((await predict({ texts: long.slice(1) })).statusCode).toBe(200);
  });

  it('need an experiment with a checkpoint', async () => {
    expectProblem(await predict({ texts: ['a'] }, 'exp_none'), 404, 'not_found');
    const { experimentId } = await beginTraining(service);
    expectProblem(await predict({ texts: ['a'] }, experimentId), 409, 'no_checkpoint');
    expect(asked).toEqual([]);
  });

  it('fail as what makes them fails', async () => {
    for (const [status, code] of [
      [503, 'prediction_unavailable'],
      [413, 'payload_too_large'],
      [500, 'engine_failed'],
    ] as const) {
      service.predict = () => Promise.reject(new CodedError(code, 'It failed.'));
      expectProblem(await predict({ texts: ['a'] }), status, code);
    }
    service.temporalAnswers = false;
    expectProblem(await predict({ texts: ['a'] }), 503, 'temporal_unavailable');
  });

  it('are waited for no longer when the service closes', async () => {
    const app = await service.buildAnother();
    let waiting: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (waiting = resolve));
    service.predict = (_input, signal) => {
      waiting?.();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new CodedError('prediction_unavailable', 'The wait was ended.'));
        });
      });
    };
    const pending = call({ app }, 'POST', `/experiments/${holder.experimentId}/predictions`, {
      payload: { texts: ['a'] },
    });
    await Promise.all([begun, pending.catch(() => undefined), begun.then(() => app.close())]);
    expectProblem(await pending, 503, 'prediction_unavailable');
  });
});
