// A JSON body is what was sent, or it is refused: nothing of it is replaced or passed over in silence.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, expectProblem, startService, type Service } from './fixture.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const rows = '[{"text":"a","label":"A"},{"text":"b","label":"B"}]';
const body = `{"name":"n","model":{"scratch":{"layers":1,"hiddenSize":8,"heads":2,"intermediateSize":8,"vocabularySize":100,"maxPositions":16}},
  "dataset":{"rows":{"train":${rows},"validation":${rows}},"textField":"text","labelField":"label"},"training":{"epochs":1,"maxSequenceLength":16}}`;

const post = (payload: string | Buffer, contentType = 'application/json') =>
  call(service, 'POST', '/experiments/estimate', { payload, headers: { 'content-type': contentType } });

describe('a JSON body', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"'])(
    'is taken as %s',
    async (contentType) => {
      expect((await post(body, contentType)).statusCode).toBe(200);
      expect((await post(`\u{feff}${body}`, contentType)).statusCode).toBe(200);
    },
  );

  it('is refused where a byte of a text is not UTF-8', async () => {
    const bytes = Buffer.from(body.replace('"text":"a"', '"text":"a#"'));
    bytes[bytes.indexOf('#')] = 0xff;
    const response = await post(bytes);
    expectProblem(response, 400, 'invalid_request');
    expect(response.json()).toMatchObject({ detail: expect.stringContaining('UTF-8') as unknown });
  });

  it.each(['utf-16', 'latin1', '"iso-8859-1"', 'utf-8859'])('is refused in %s', async (charset) => {
    expectProblem(await post(body, `application/json; charset=${charset}`), 415, 'unsupported_media_type');
  });

  it.each([
    body.replace('{', '{"name":"m",'),
    body.replace('"epochs":1', '"epochs":1,"epochs":9'),
    body.replace('"epochs":1', '"epochs":1,"\\u0065pochs":9'),
    body.replace('{"text":"a"', '{"label":"B","text":"a"'),
  ])('is refused where it names a key twice: %s', async (payload) => {
    const response = await post(payload);
    expectProblem(response, 400, 'invalid_request');
    expect(response.json()).toMatchObject({ detail: expect.stringContaining('twice') as unknown });
  });

  it('may name a key in several objects, and have a key as a value', async () => {
    expect((await post(body.replace('"name":"n"', '"name":"name","tags":["name","name"]'))).statusCode).toBe(
      200,
    );
  });
});
