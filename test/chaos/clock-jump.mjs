// Loaded before a program of the stack: its Date shows another time by as many seconds as a file says. Clocks that count
// up, timers and what is not JavaScript go on as before.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const directory = process.env['CHAOS_CLOCKS'];
const program = basename(process.argv[1] ?? '').replace(/\.js$/u, '');
const refreshMilliseconds = 200;

if (directory !== undefined && /^(?:.+-worker|server)$/u.test(program)) {
  const RealDate = Date;
  const file = join(directory, program);
  let readAt = Number.NEGATIVE_INFINITY;
  let offsetMilliseconds = 0;
  const now = () => {
    if (performance.now() - readAt > refreshMilliseconds) {
      readAt = performance.now();
      try {
        offsetMilliseconds = Number(readFileSync(file, 'utf8')) * 1000;
      } catch {
        // No file: the right time.
        offsetMilliseconds = 0;
      }
    }
    return RealDate.now() + offsetMilliseconds;
  };
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
}
