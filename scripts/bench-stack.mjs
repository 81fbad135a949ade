// Prints what the whole stack costs here: seconds from start to ready, memory when idle, time and memory of the demo.
// Memory is the proportional share (PSS) of every process of the stack, from Linux's /proc, summed.
//   npm run bench:stack
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const starts = 5;
const idleSeconds = 20;
const main = 'dist/src/local/main.js';

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended while it was looked at, or is another user's.
  }
};
const processIds = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const parentOf = (id) => /^PPid:\s+(\d+)/m.exec(read(`/proc/${id}/status`))?.[1];

/** A process and all that descend from it; parts are detached, but stay children. */
function family(root) {
  const members = new Set([String(root)]);
  for (let before = 0; before !== members.size;) {
    before = members.size;
    for (const id of processIds()) if (members.has(parentOf(id))) members.add(id);
  }
  return [...members];
}
const memoryOf = (root) =>
  family(root).reduce(
    (sum, id) => sum + 1024 * Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0),
    0,
  );

async function start(directory) {
  const began = performance.now();
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, DATA_DIR: directory, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout))
    if (line.includes('ready at')) return { child, seconds: (performance.now() - began) / 1000 };
  throw new Error('the stack did not start');
}

async function stop(child) {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

const directory = mkdtempSync(join(tmpdir(), 'coordinator-bench-'));
const readySeconds = [];
let idleMemoryBytes = 0;
for (let count = 0; count < starts; count += 1) {
  const { child, seconds } = await start(directory);
  readySeconds.push(Number(seconds.toFixed(1)));
  if (count === starts - 1) {
    await delay(idleSeconds * 1000);
    idleMemoryBytes = memoryOf(child.pid);
  }
  await stop(child);
}
rmSync(directory, { recursive: true });

const began = performance.now();
const demo = spawn(process.execPath, ['dist/src/demo/main.js'], { stdio: 'ignore' });
let demoPeakMemoryBytes = 0;
const sampling = setInterval(() => {
  demoPeakMemoryBytes = Math.max(demoPeakMemoryBytes, memoryOf(demo.pid));
}, 500);
const [status] = await once(demo, 'exit');
clearInterval(sampling);
console.log(
  JSON.stringify({
    readySeconds,
    idleMemoryBytes,
    demoStatus: status,
    demoSeconds: Number(((performance.now() - began) / 1000).toFixed(1)),
    demoPeakMemoryBytes,
    processor: cpus()[0].model,
    cores: cpus().length,
    node: process.version,
  }),
);
