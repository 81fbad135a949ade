// `npm start`: the whole stack on this machine until SIGINT or SIGTERM.
import { readConfig } from '../config.ts';
import { messageOf } from '../error.ts';
import { createLogger } from '../log.ts';
import { startStack } from './stack.ts';

const config = readConfig();
const log = createLogger('stack', config.logLevel);
const stopRequested = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

try {
  const started = performance.now();
  const stack = await startStack(config, log);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`The BERT Eval Coordinator is ready at ${stack.url} (after ${seconds} s)\n`);
  process.stdout.write(`  API documentation: ${stack.url}/docs\n`);
  if (stack.temporalUi !== undefined) process.stdout.write(`  Temporal: ${stack.temporalUi}\n`);
  process.stdout.write(`  Data and logs: ${config.dataDirectory}; stop with Ctrl-C\n`);
  await stopRequested;
  await stack.stop();
} catch (error) {
  log.debug({ err: error }, 'not started');
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
