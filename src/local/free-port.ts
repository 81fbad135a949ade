// TCP ports that nobody uses now.
import { createServer } from 'node:net';
import { CodedError } from '../error.ts';

/**
 * Makes sure that a port can be listened on now.
 *
 * @throws CodedError `configuration_invalid` naming the port.
 */
export function requireFreePort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => {
      reject(
        new CodedError('configuration_invalid', `PORT ${port} cannot be listened on: ${cause.message}.`, {
          cause,
        }),
      );
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });
}

/** Asks the system for a free port. Another process may take it before the caller does. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  });
}
