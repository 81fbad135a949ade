// The service as its user starts it: one process, of which only the printed address is known.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { variables } from '../config.ts';
import { childEnvironment } from '../process-environment.ts';

export interface Service {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the stack on a free port. @throws Error with what the stack said when it does not start. */
export async function startService(dataDirectory: string): Promise<Service> {
  const program = fileURLToPath(new URL('../local/main.js', import.meta.url));
  const child = spawn(process.execPath, [program], {
    env: childEnvironment({
      [variables.port]: '0',
      [variables.dataDirectory]: dataDirectory,
      [variables.logLevel]: 'error',
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  for await (const line of createInterface(child.stdout)) {
    const url = /ready at (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    return {
      url,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error(`The service did not start. ${complaints.trim()}`);
}
