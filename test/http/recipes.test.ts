// Recipes and models over HTTP: what is taken is shown with every default, and what is not is refused by its path.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Value } from 'typebox/value';
import { experimentSchema } from '../../src/http/schemas/experiment.ts';
import { tokenizerJsonFromVocabulary } from '../../src/text/vocabulary.ts';
import {
  beginTraining,
  call,
  commitCheckpoint,
  expectProblem,
  scratch,
  startService,
  submissionOf,
  uploadDataset,
  type Service,
} from './fixture.ts';

let service: Service;
let dataset: string;

beforeAll(async () => {
  service = await startService();
  dataset = await uploadDataset(service);
});

afterAll(() => service.stop());

const submit = (changes: object) =>
  call(service, 'POST', '/experiments', { payload: { ...submissionOf(dataset), ...changes } });

interface Shown {
  readonly spec: { readonly model: object; readonly training: object };
}

async function shown(changes: object): Promise<Shown['spec']> {
  const response = await submit(changes);
  expect([response.statusCode, response.body]).toEqual([201, expect.any(String)]);
  expect(Value.Errors(experimentSchema, response.json())).toEqual([]);
  return response.json<Shown>().spec;
}

describe('a recipe', () => {
  it.each<object>([
    { schedule: 'inverseSquareRoot', warmupSteps: 10 },
    { optimizer: { name: 'sgd' }, gradientAccumulation: 8, weightDecay: 0 },
    { classWeights: { '0': 1, '1': 2.5 }, labelSmoothing: 0.1 },
    { classWeights: 'balanced', seeds: { head: 1, dropout: 2 } },
    { freeze: { embeddings: true, layers: 1 }, layerDecay: 0.9 },
    { lora: { rank: 4, alpha: 8, dropout: 0.1 } },
    { earlyStopping: { metric: 'matthews', patience: 3 }, evaluateEverySteps: 20 },
    { pretraining: { epochs: 1 } },
  ])('of %o is shown as it was asked for, and can be submitted again as it is shown', async (training) => {
    const spec = await shown({ training });
    expect(spec.training).toMatchObject(training);
    const again = await submit(spec);
    expect([again.statusCode, again.json<Shown>().spec]).toEqual([201, spec]);
  });

  it.each<[string, object]>([
    ['/training/schedule', { schedule: 'step' }],
    ['/training/optimizer/name', { optimizer: { name: 'adam' } }],
    ['/training/optimizer/momentum', { optimizer: { name: 'sgd', momentum: 0.9 } }],
    ['/training/gradientAccumulation', { gradientAccumulation: 1025 }],
    ['/training/labelSmoothing', { labelSmoothing: 1 }],
    ['/training/classWeights/a', { classWeights: { a: -1 } }],
    ['/training/classWeights', { classWeights: {} }],
    ['/training/warmupSteps', { warmupSteps: 1_000_000_001 }],
    ['/training/warmupSteps', { warmupSteps: 1, warmupRatio: 0.2 }],
    ['/training/seed', { seed: 2 ** 32 }],
    ['/training/seeds/order', { seeds: { order: -1 } }],
    ['/training/freeze/layers', { freeze: { layers: 49 } }],
    ['/training/freeze/layers', { freeze: { layers: scratch.layers + 1 } }],
    ['/training/layerDecay', { layerDecay: 0 }],
    ['/training/layerDecay', { layerDecay: 1.1 }],
    ['/training/layerDecay', { lora: { rank: 2 }, layerDecay: 0.5 }],
    ['/training/lora/rank', { lora: {} }],
    ['/training/lora/rank', { lora: { rank: 1025 } }],
    ['/training/lora/alpha', { lora: { rank: 1, alpha: 0 } }],
    ['/training/lora/dropout', { lora: { rank: 1, dropout: 1 } }],
    ['/training/earlyStopping/metric', { earlyStopping: { metric: 'wit', patience: 1 } }],
    ['/training/earlyStopping/metric', { earlyStopping: { metric: 'microF1', patience: 1 } }],
    ['/training/earlyStopping/patience', { earlyStopping: { metric: 'loss', patience: 0 } }],
    ['/training/evaluateEverySteps', { evaluateEverySteps: 0 }],
    ['/training/pretraining/epochs', { pretraining: { epochs: 1001 } }],
    ['/training/pretraining/epochs', { pretraining: {} }],
  ])('with a wrong %s is refused: %o', async (path, training) => {
    expectProblem(await submit({ training }), 400, 'invalid_request', [path]);
  });

  const rows = (labels: readonly (string | number)[]) => {
    const split = labels.map((label, index) => ({ text: `text ${index}`, label }));
    return { dataset: { rows: { train: split, test: split }, textField: 'text', labelField: 'label' } };
  };

  it('is checked against the labels of inline rows at once', async () => {
    const names = rows(['x', 'y', 'x']);
    expectProblem(
      await submit({ ...names, training: { classWeights: { x: 1, z: 1 } } }),
      422,
      'labels_invalid',
    );
    expect((await submit({ ...names, training: { classWeights: { x: 1, y: 2 } } })).statusCode).toBe(201);
    const numbers = rows([0.5, 1, 2]);
    const smooth = { training: { labelSmoothing: 0.1 } };
    expectProblem(await submit({ ...numbers, ...smooth }), 400, 'invalid_request', [
      '/training/labelSmoothing',
    ]);
    expect((await submit({ ...names, ...smooth })).statusCode).toBe(201);
  });
});

describe('the model of another experiment', () => {
  const config = {
    model_type: 'bert',
    vocab_size: 64,
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 32,
  };
  const short = { maxSequenceLength: 16 };

  it('is that of its latest checkpoint, or of the step named; the specification has the step', async () => {
    const holder = await beginTraining(service);
    const experiment = holder.experimentId;
    expectProblem(await submit({ model: { experiment }, training: short }), 409, 'no_checkpoint');
    await commitCheckpoint(service, holder, 10, { config });
    await commitCheckpoint(service, holder, 20, { config });
    expect((await shown({ model: { experiment }, training: short })).model).toEqual({ experiment, step: 20 });
    const model = { experiment, step: 10 };
    expect((await shown({ model, training: short })).model).toEqual(model);
    expectProblem(await submit({ model: { experiment, step: 15 }, training: short }), 409, 'no_checkpoint', [
      '/model/step',
    ]);
    expectProblem(await submit({ model: { experiment: 'exp_none' } }), 404, 'not_found', [
      '/model/experiment',
    ]);
  });

  it('is the best one where it was stopped early, of which the download is too', async () => {
    const submitted = async (changes: object) => {
      const response = await submit(changes);
      const holder = await beginTraining(service, response.json<{ id: string }>().id);
      await commitCheckpoint(service, holder, 10, { config });
      await commitCheckpoint(service, holder, 20, { config, bestStep: 10 });
      const download = await call(service, 'GET', `/experiments/${holder.experimentId}/model`);
      const { model } = await shown({ model: { experiment: holder.experimentId }, training: short });
      return [model, download.headers['content-disposition']];
    };
    const stopping = { earlyStopping: { metric: 'loss', patience: 1 } };
    expect(await submitted({ training: stopping })).toEqual([
      { experiment: expect.any(String) as string, step: 10 },
      expect.stringContaining('-10.tar'),
    ]);
    expect(await submitted({})).toEqual([
      { experiment: expect.any(String) as string, step: 20 },
      expect.stringContaining('-20.tar'),
    ]);
  });

  it('bounds the sequences and the layers that can be frozen', async () => {
    const holder = await beginTraining(service);
    await commitCheckpoint(service, holder, 5, { config });
    const model = { experiment: holder.experimentId };
    expectProblem(await submit({ model, training: { maxSequenceLength: 33 } }), 422, 'sequence_too_long', [
      '/training/maxSequenceLength',
    ]);
    const frozen = (layers: number) => submit({ model, training: { ...short, freeze: { layers } } });
    expectProblem(await frozen(3), 400, 'invalid_request', ['/training/freeze/layers']);
    expect((await frozen(2)).statusCode).toBe(201);
  });
});

describe('what is on a hub', () => {
  it('is known when it is prepared; its specification can be submitted again', async () => {
    const spec = await shown({
      model: { hub: 'org/model' },
      dataset: { hub: 'org/data', config: 'en', textField: 'text', labelField: 'label' },
    });
    expect(spec).toMatchObject({
      model: { hub: 'org/model', revision: null },
      dataset: { hub: 'org/data', config: 'en', revision: null },
    });
    expect(await shown(spec)).toEqual(spec);
  });
});

describe('an uploaded model', () => {
  it('is not pretrained where its tokenizer cannot mask words', async () => {
    const json = JSON.stringify(tokenizerJsonFromVocabulary('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na'));
    const pretrained = async (tokenizerJson: string, id: string) => {
      const tokenizer = await service.blobs.putBytes(Buffer.from(tokenizerJson));
      const { record } = await service.repositories.models.createOrGet({
        projectId: 'default',
        id,
        sha256: tokenizer.sha256,
        architecture: 'bert',
        parameters: 1,
        ignored: [],
        config: { layers: 2, maxPositions: 128 },
        blobs: { config: tokenizer, tokenizer, weights: tokenizer },
      });
      const submitted = (training: object) => submit({ model: { id: record.id }, training });
      return { plain: await submitted({}), pretrained: await submitted({ pretraining: { epochs: 1 } }) };
    };
    const masking = await pretrained(json, 'mdl_masking');
    expect(masking.pretrained.statusCode).toBe(201);
    const other = await pretrained(json.replaceAll('[MASK]', '[OTHER]'), 'mdl_other');
    expect(other.plain.statusCode).toBe(201);
    expectProblem(other.pretrained, 422, 'model_incompatible', ['/training/pretraining']);
  });

  it('takes no more tokens than its positions after those that stand before a text', async () => {
    const blob = await service.blobs.putBytes(Buffer.from('any file'));
    const { record } = await service.repositories.models.createOrGet({
      projectId: 'default',
      id: 'mdl_roberta',
      sha256: blob.sha256,
      architecture: 'RobertaModel',
      parameters: 1,
      ignored: [],
      config: { layers: 2, maxPositions: 34, positionOffset: 2 },
      blobs: { config: blob, tokenizer: blob, weights: blob },
    });
    const of = (training: object) => submit({ model: { id: record.id }, training });
    expectProblem(await of({ maxSequenceLength: 33 }), 422, 'sequence_too_long');
    expect((await of({ maxSequenceLength: 32 })).statusCode).toBe(201);
    expectProblem(await of({ maxSequenceLength: 32, freeze: { layers: 3 } }), 400, 'invalid_request');
  });
});
