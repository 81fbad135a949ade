// Builds dist/ when a source is newer than the last build: database client, JavaScript, workflow bundle.
// Types are checked by `npm run typecheck`, not here, so that a start is quick.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const stampFile = join(root, 'dist', '.stamp');
const lockDirectory = join(root, 'dist', '.lock');
const lockLimitMilliseconds = 120_000;
const sources = [
  'src',
  'workers',
  'openapi',
  'prisma/schema.prisma',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
];

function* filesOf(path) {
  if (!statSync(path).isDirectory()) yield path;
  else
    for (const name of readdirSync(path).sort()) if (name !== 'generated') yield* filesOf(join(path, name));
}

function fingerprint() {
  const hash = createHash('sha256').update(process.version);
  for (const source of sources)
    for (const file of filesOf(join(root, source)))
      hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
}

function run(command, parameters, environment = {}) {
  const result = spawnSync(process.execPath, [command, ...parameters], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout}${result.stderr}`);
  process.exitCode = 1;
  throw new Error(`${command} failed`);
}

const bin = (name, path) => join(dirname(require.resolve(`${name}/package.json`)), path);

async function build() {
  // Generating needs no engine, but Prisma looks for one: any existing file satisfies it.
  run(bin('prisma', 'build/index.js'), ['generate'], { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath });
  run(bin('typescript', 'bin/tsc'), ['-p', 'tsconfig.build.json']);
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'dist/workers/workflows/index.js'),
    logger: quiet,
  });
  writeFileSync(join(root, 'dist/workflow-bundle.js'), code);
}

const isCurrent = (stamp) => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;

async function acquireLock() {
  mkdirSync(dirname(lockDirectory), { recursive: true });
  const start = Date.now();
  for (;;) {
    try {
      return mkdirSync(lockDirectory);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      // A build that was killed leaves its lock: an old one is taken over.
      if (Date.now() - start > lockLimitMilliseconds) rmSync(lockDirectory, { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const stamp = fingerprint();
if (!isCurrent(stamp)) {
  await acquireLock();
  try {
    if (!isCurrent(stamp)) {
      await build();
      writeFileSync(stampFile, stamp);
    }
  } finally {
    rmSync(lockDirectory, { recursive: true, force: true });
  }
}
