// The proxy before the store answers as a bad network does; what the server did is seen behind it.
import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findVersitygw, openS3 } from '../storage/stores.ts';
import { S3Proxy } from './s3-proxy.ts';

/** Bodies that the server received whole. */
let received: string[] = [];
let server: Server;
let proxy: S3Proxy;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    buffer(request).then(
      (body) => {
        received.push(body.toString());
        response.setHeader('etag', '"7"').end(`answer to ${request.method} ${request.url}`);
      },
      () => response.destroy(), // The request was cut: nothing is answered.
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  // Every request is affected.
  proxy = new S3Proxy(`http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`, () => 0);
  address = await proxy.listen();
});
afterAll(async () => {
  await proxy.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  received = [];
  proxy.fault = undefined;
});

const put = (): Promise<Response> => fetch(`${address}/bucket/key`, { method: 'PUT', body: 'content' });

describe('the proxy', () => {
  it('hands on what it is not asked to disturb', async () => {
    const response = await put();
    expect(response.headers.get('etag')).toBe('"7"');
    expect(await response.text()).toBe('answer to PUT /bucket/key');
    expect(received).toEqual(['content']);
  });

  it('refuses with 500 and 503, and the server sees nothing', async () => {
    for (const status of [500, 503] as const) {
      proxy.fault = `status ${status}`;
      expect((await put()).status).toBe(status);
    }
    expect(received).toEqual([]);
  });

  it('answers late', async () => {
    proxy.fault = 'slow';
    const start = performance.now();
    expect((await put()).ok).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(1400);
  });

  it('cuts an answer in the middle, after the server did what was asked', async () => {
    proxy.fault = 'cut answer';
    const response = await put();
    expect(response.ok).toBe(true);
    await expect(response.text()).rejects.toThrow();
    expect(received).toEqual(['content']);
  });

  it('cuts a request in the middle, which the server does not take for a whole one', async () => {
    proxy.fault = 'cut request';
    await expect(put()).rejects.toThrow();
    expect(received).toEqual([]);
  });

  it('lets a request arrive twice', async () => {
    proxy.fault = 'twice';
    expect((await put()).ok).toBe(true);
    expect(received).toEqual(['content', 'content']);
  });
});

const program = findVersitygw();

describe.skipIf(program === undefined)('the store behind the proxy', () => {
  it('keeps whole objects under every fault, and signatures hold', async () => {
    const s3 = await openS3(program ?? '');
    // Every second request: what is tried again succeeds.
    const random = [0, 0.9];
    let calls = 0;
    const disturbing = new S3Proxy(s3.variables['AWS_ENDPOINT_URL'] ?? '', () => random[calls++ % 2] ?? 0);
    const store = s3.storeAt(await disturbing.listen());
    try {
      for (const fault of ['status 500', 'status 503', 'cut answer', 'cut request', 'twice'] as const) {
        disturbing.fault = fault;
        const content = Buffer.from(`${fault} `.repeat(5000));
        await store.put(`key-${fault.replace(' ', '-')}`, content);
        disturbing.fault = undefined;
        const stored = await store.get(`key-${fault.replace(' ', '-')}`);
        expect(stored && (await buffer(stored.body))).toEqual(content);
      }
      expect(disturbing.affected).toBeGreaterThan(4);
    } finally {
      await disturbing.close();
      await s3.close();
    }
  }, 30_000);
});
