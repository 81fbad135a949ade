// An HTTP proxy before an S3 server that answers as a bad network or an overloaded store does.
import { createServer, request, Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoreFault } from './schedule.ts';

const slowMilliseconds = 1500;
/** Of the requests that come while a fault lasts, so that some of what belongs together is done and some is not. */
const affectedShare = 0.5;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export class S3Proxy {
  /** What happens to requests now. */
  fault: StoreFault | undefined;
  /** How many requests were answered otherwise than the server would. */
  affected = 0;
  readonly #upstream: URL;
  readonly #random: () => number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server = createServer((incoming, outgoing) => {
    this.#serve(incoming, outgoing).catch(() => {
      // The server or the client is gone: the other one sees the connection end.
      outgoing.destroy();
    });
  });

  /** @param random decides which requests are affected. */
  constructor(upstream: string, random: () => number) {
    this.#upstream = new URL(upstream);
    this.#random = random;
  }

  /** @returns the address to use instead of the server's. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port was given');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const fault = this.fault !== undefined && this.#random() < affectedShare ? this.fault : undefined;
    if (fault !== undefined) this.affected += 1;
    if (fault === 'status 500' || fault === 'status 503') {
      outgoing.writeHead(fault === 'status 500' ? 500 : 503, { 'content-type': 'application/xml' });
      outgoing.end('<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>');
      return;
    }
    if (fault === 'slow') await delay(slowMilliseconds);
    if (fault === 'cut request') {
      await this.#sendHalf(incoming, body);
      outgoing.destroy();
      return;
    }
    // What a client that did not see the first answer does too.
    if (fault === 'twice') await this.#send(incoming, body);
    const answer = await this.#send(incoming, body);
    if (fault === 'cut answer') cutAnswer(outgoing, answer);
    else {
      outgoing.writeHead(answer.status, answer.headers);
      outgoing.end(answer.body);
    }
  }

  #open(incoming: IncomingMessage) {
    // Neither of these belongs to the signature, and both are of one connection.
    const { expect: _expect, connection: _connection, ...headers } = incoming.headers;
    return request({
      hostname: this.#upstream.hostname,
      port: this.#upstream.port,
      agent: this.#agent,
      method: incoming.method,
      path: incoming.url,
      headers,
    });
  }

  #send(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(incoming);
      outgoing.once('error', reject);
      outgoing.once('response', (answer) => {
        const { connection: _connection, 'transfer-encoding': _encoding, ...headers } = answer.headers;
        buffer(answer).then(
          (content) => resolve({ status: answer.statusCode ?? 502, headers, body: content }),
          reject,
        );
      });
      outgoing.end(body);
    });
  }

  /** The server sees a body that ends in the middle; a request without one is not sent at all. */
  #sendHalf(incoming: IncomingMessage, body: Buffer): Promise<void> {
    if (body.length < 2) return Promise.resolve();
    return new Promise((resolve) => {
      const outgoing = this.#open(incoming);
      outgoing.once('close', resolve);
      outgoing.on('error', () => undefined);
      outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
    });
  }
}

/** What was asked for is done, and its answer ends in the middle: a short one before its first byte. */
function cutAnswer(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  if (body.length < 2) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(status, { ...headers, 'content-length': String(body.length) });
  outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
}
