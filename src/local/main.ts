// `npm start`: the whole stack on this machine until SIGINT or SIGTERM.
import { once } from 'node:events';
import { readConfig } from '../config.ts';
import { reasonLine } from '../process-end.ts';
import { startStack } from './stack.ts';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
const stopRequested = once(stopping.signal, 'abort');
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  const config = readConfig();
  const started = performance.now();
  const stack = await startStack(config, tell, stopping.signal);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`The BERT Eval Coordinator is ready at ${stack.url} (after ${seconds} s)\n`);
  process.stdout.write(`  API documentation: ${stack.url}/docs\n`);
  if (stack.temporalUi !== undefined) process.stdout.write(`  Temporal: ${stack.temporalUi}\n`);
  process.stdout.write(`  Data and logs: ${config.dataDirectory}; stop with Ctrl-C\n`);
  await stopRequested;
  process.stdout.write('Stopping; what is training keeps its last steps …\n');
  await stack.stop();
  process.stdout.write('Stopped. The next start goes on with the same data.\n');
} catch (error) {
  // Asked to stop while it started: everything is stopped by now, as was wanted.
  if (!stopping.signal.aborted) {
    tell(reasonLine(error));
    process.exitCode = 1;
  }
}
