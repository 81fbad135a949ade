// Values nested so deep that walking them would break the stack are refused wherever they come in.
import { afterAll, beforeAll, describe, it } from 'vitest';
import { tokenizerJsonFromVocabulary } from '../../src/text/vocabulary.ts';
import { call, expectProblem, form, startService, type FormPart, type Service } from './fixture.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

describe('a value nested 100,000 levels deep', () => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const config = '{"model_type":"bert"}';
  const safetensors = (header: string): Buffer => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, Buffer.from(header)]);
  };
  const bert = JSON.stringify({
    model_type: 'bert',
    vocab_size: 64,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 32,
  });
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a'].join('\n');
  const tokenizer = JSON.stringify(tokenizerJsonFromVocabulary(vocabulary));
  const model = (files: Readonly<Record<string, string | Buffer>>): FormPart[] =>
    Object.entries({ 'model.safetensors': safetensors('{}'), 'config.json': bert, ...files }).map(
      ([file, content]) => ({ field: 'file', file, content }),
    );

  it.each(['[NESTED]', '{"name":NESTED}', '{"NESTED":{"a":NESTED}}'])(
    'in a body %s is refused',
    async (body) => {
      const response = await call(service, 'POST', '/experiments', {
        payload: body.replaceAll('NESTED', nested),
        headers: { 'content-type': 'application/json' },
      });
      expectProblem(response, 400, 'invalid_request');
    },
  );

  it.each(['{"text":NESTED,"label":1}', '{"text":"\\u0041","label":NESTED}'])(
    'in a line of a dataset %s is refused with its number',
    async (line) => {
      const content = `{"text":"a","label":1}\n${line.replace('NESTED', nested)}\n`;
      const response = await call(
        service,
        'POST',
        '/datasets',
        form([{ field: 'train', file: 'a.jsonl', content }]),
      );
      expectProblem(response, 422, 'dataset_invalid', ['/train/line/2']);
    },
  );

  it.each<[string, FormPart[]]>([
    ['model_type', model({ 'config.json': config.replace('"bert"', nested), 'vocab.txt': vocabulary })],
    ['the tokenizer’s model', model({ 'tokenizer.json': `{"model":{"type":${nested}}}` })],
    [
      'the normalizer',
      model({ 'tokenizer.json': tokenizer.replace('"normalizer":{', `"normalizer":${nested},"_":{`) }),
    ],
    [
      'a tensor’s type',
      model({ 'vocab.txt': vocabulary, 'model.safetensors': safetensors(`{"a":{"dtype":${nested}}}`) }),
    ],
  ])('in %s is refused', async (_what, parts) => {
    expectProblem(await call(service, 'POST', '/models', form(parts)), 422, 'model_invalid');
  });
});
