// What is put is not part of a request's signature: its checksum is, by which S3 refuses what was changed on the way.
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Transform } from 'node:stream';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findVersitygw, openS3, type TestS3 } from './stores.ts';

const versitygw = findVersitygw();

describe.skipIf(versitygw === undefined)('an upload to S3', () => {
  let s3: TestS3;
  let proxy: Server;
  let address: string;
  let isChanging = false;
  const signed = new Set<unknown>();

  beforeAll(async () => {
    s3 = await openS3(versitygw ?? '');
    const target = new URL(s3.variables['AWS_ENDPOINT_URL'] ?? '');
    proxy = createServer((incoming, response) => {
      const { method = '', url = '', headers } = incoming;
      if (method === 'PUT') signed.add(headers['x-amz-content-sha256']);
      const { hostname, port } = target;
      const outgoing = request({ hostname, port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      incoming.pipe(isChanging && method === 'PUT' ? firstByteChanged() : new PassThrough()).pipe(outgoing);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await s3.close();
  });

  it.each([
    ['in-one-piece', 1000],
    ['in-parts', 9 * 1024 * 1024],
  ])('that is changed on the way is refused, and taken unchanged: %s', async (key, sizeBytes) => {
    // The proxy has another address than the server, by which requests are signed.
    const store = s3.storeAt(address);
    const content = randomBytes(sizeBytes);
    isChanging = true;
    await expect(store.put(key, content)).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(await s3.store.head(key)).toBeUndefined();
    isChanging = false;
    expect(await store.put(key, content)).toBe('created');
    expect([...signed]).toEqual(['UNSIGNED-PAYLOAD']);
  });
});

function firstByteChanged(): Transform {
  let isFirst = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const changed = Buffer.from(chunk);
      if (isFirst) changed[0] = (changed[0] ?? 0) ^ 1;
      isFirst = false;
      done(null, changed);
    },
  });
}
