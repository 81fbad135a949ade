// Whether a port can be listened on, asked before anything depends on it.
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
        new CodedError(
          'configuration_invalid',
          `PORT ${port} cannot be listened on (${cause.message}): set another PORT.`,
          { cause },
        ),
      );
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });
}
