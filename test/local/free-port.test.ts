import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/local/free-port.ts';
import { requireFreePort } from '../../src/machine/require-free-port.ts';

const servers: Server[] = [];

function listen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    servers.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('a free port', () => {
  it('can be listened on, and is none that the system gives to an outgoing connection', async () => {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const firstOutgoing = Number.parseInt(range, 10);
    for (let count = 0; count < 50; count++) {
      const port = await freePort();
      expect(port).toBeLessThan(firstOutgoing > 15_000 ? firstOutgoing : 32_768);
      await listen(port);
    }
  });

  it('is refused by name once another program listens on it', async () => {
    const port = await freePort();
    await listen(port);
    await expect(requireFreePort('127.0.0.1', port)).rejects.toMatchObject({
      code: 'configuration_invalid',
      message: expect.stringContaining(`PORT ${port} cannot be listened on`) as string,
    });
  });
});
