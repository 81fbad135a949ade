// Who may import whom: the arrows of ARCHITECTURE.md, held against the code.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** For each room the rooms whose files it may import; every room may import `error`, `thrown`, `log` and `json`. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  error: [],
  thrown: [],
  log: [],
  waiting: [],
  machine: [],
  'thread-location': [],
  config: ['machine'],
  'process-end': [],
  'process-environment': ['config'],
  'spare-process': ['config'],
  json: [],
  experiment: [],
  estimate: ['experiment'],
  waste: ['experiment'],
  text: ['waiting'],
  training: ['text', 'thread-location', 'waiting'],
  storage: ['experiment', 'machine', 'waiting'],
  dataset: ['experiment', 'estimate', 'storage', 'text', 'thread-location'],
  model: ['experiment', 'storage', 'text'],
  hub: [],
  database: ['experiment', 'estimate', 'waste', 'waiting'],
  temporal: ['experiment', 'waste', 'database', 'config'],
  retention: ['experiment', 'database', 'storage', 'dataset'],
  proof: ['experiment', 'database', 'storage', 'dataset'],
  'http/protocol': ['http', 'experiment', 'storage', 'machine'],
  'http/schemas': ['http/protocol', 'experiment', 'estimate', 'waste', 'database', 'dataset'],
  'http/upload': ['http', 'experiment', 'database', 'storage', 'dataset', 'model', 'waiting'],
  'http/experiment': [
    'http',
    'http/protocol',
    'http/schemas',
    'http/upload',
    'proof',
    'experiment',
    'estimate',
    'database',
    'storage',
    'dataset',
    'model',
  ],
  'http/routes': [
    'http',
    'http/protocol',
    'http/schemas',
    'http/upload',
    'http/experiment',
    'experiment',
    'waste',
    'database',
    'storage',
  ],
  http: [
    'http/protocol',
    'http/schemas',
    'http/upload',
    'http/experiment',
    'http/routes',
    'experiment',
    'database',
    'storage',
    'temporal',
    'config',
    'process-environment',
    'process-end',
    'machine',
  ],
  local: [
    'experiment',
    'storage',
    'temporal',
    'config',
    'process-environment',
    'process-end',
    'machine',
    'spare-process',
    'waiting',
  ],
  demo: ['openapi', 'config', 'process-environment'],
  openapi: ['http', 'http/upload', 'experiment', 'database', 'storage'],
  'workers/workflows': ['experiment'],
  'workers/preparation': [
    'experiment',
    'database',
    'storage',
    'dataset',
    'model',
    'text',
    'training',
    'config',
    'waiting',
  ],
  'workers/prediction': [
    'workers/preparation',
    'experiment',
    'database',
    'storage',
    'dataset',
    'model',
    'text',
    'training',
    'config',
  ],
  'workers/attempt': [
    'experiment',
    'estimate',
    'waste',
    'database',
    'storage',
    'model',
    'training',
    'config',
    'temporal',
    'waiting',
    'workers/preparation',
  ],
  'workers/activities': [
    'experiment',
    'estimate',
    'database',
    'temporal',
    'storage',
    'dataset',
    'model',
    'hub',
    'text',
    'training',
    'waiting',
    'workers/attempt',
    'workers/preparation',
    'workers/prediction',
    'workers/verification',
    'workers/replay',
  ],
  'workers/replay': ['experiment', 'database', 'temporal', 'config', 'waiting'],
  'workers/verification': [
    'workers/preparation',
    'proof',
    'experiment',
    'database',
    'storage',
    'dataset',
    'model',
    'text',
    'training',
  ],
  'workers/reconciliation': ['experiment', 'database', 'temporal', 'storage', 'waiting'],
  'workers/commands': [
    'workers/verification',
    'workers/replay',
    'workers/reconciliation',
    'experiment',
    'database',
    'temporal',
    'storage',
    'retention',
    'training',
    'config',
    'process-environment',
  ],
  workers: [
    'workers/activities',
    'workers/attempt',
    'workers/replay',
    'workers/reconciliation',
    'experiment',
    'database',
    'temporal',
    'storage',
    'retention',
    'config',
    'process-environment',
    'spare-process',
    'waiting',
    'process-end',
  ],
};

/** Packages that one room alone may import. */
const owners: Readonly<Record<string, string>> = {
  'onnxruntime-node': 'training',
  '@aws-sdk/client-s3': 'storage',
  fastify: 'http',
  '@prisma/client': 'database',
  '@temporalio/workflow': 'workers/workflows',
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : sourceFiles(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
}

function roomOf(file: string): string {
  const [first = '', second = '', third, fourth] = file.split('/');
  if (first === 'src' && second === 'http' && fourth !== undefined) return `http/${third}`;
  if (first === 'src') return third === undefined ? second.replace('.ts', '') : second;
  if (first === 'workers') return third === undefined ? 'workers' : `workers/${second}`;
  return first;
}

const files = ['src', 'workers', 'openapi'].flatMap(sourceFiles);
const imports = files.flatMap(importsOf);

/** Arrows that the map does not allow, as `file -> file`. */
function forbidden(allowed: typeof arrows): string[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ file, specifier }) => ({ file, target: relative(root, resolve(root, dirname(file), specifier)) }))
    .filter(({ file, target }) => {
      const [from, to] = [roomOf(file), roomOf(target)];
      return (
        from !== to && !['error', 'thrown', 'log', 'json'].includes(to) && !(allowed[from] ?? []).includes(to)
      );
    })
    .map(({ file, target }) => `${file} -> ${target}`);
}

/** The arrows as the table of ARCHITECTURE.md has them: folders, what lives there, what they may import. */
function documentedArrows(): Record<string, string[]> {
  const lines = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('\n');
  const rows = lines.flatMap((line) => {
    const [, folders = '', allowed = ''] = /^\| (`[^|]*`) \|[^|]*\| ([^|]*) \|$/.exec(line) ?? [];
    const rooms = [...folders.matchAll(/`([^`]*)`/g)].map(([, path = '']) =>
      roomOf(path.replace(/\/$/, '/-')),
    );
    return rooms.map((room): [string, string[]] => [room, /^[a-z]/.test(allowed) ? allowed.split(', ') : []]);
  });
  return Object.fromEntries(rows.filter(([room]) => !['test', 'scripts', 'prisma'].includes(room)));
}

describe('rooms', () => {
  it('import only the rooms that the map allows', () => {
    expect(forbidden(arrows)).toEqual([]);
  });

  it('are told apart: a map without an arrow that is used reports it', () => {
    const { training: _training, ...without } = arrows;
    expect(forbidden(without).every((line) => line.startsWith('src/training/'))).toBe(true);
    expect(forbidden(without).length).toBeGreaterThan(0);
  });

  it('stand in ARCHITECTURE.md with the same arrows', () => {
    const sorted = (map: typeof arrows) =>
      Object.fromEntries(Object.entries(map).map(([room, to]) => [room, to.toSorted()]));
    expect(sorted(documentedArrows())).toEqual(sorted(arrows));
  });

  it('use every arrow that the map allows', () => {
    const used = new Set(
      imports.map(({ file, specifier }) => {
        const target = relative(root, resolve(root, dirname(file), specifier));
        return `${roomOf(file)} -> ${roomOf(target)}`;
      }),
    );
    const unused = Object.entries(arrows).flatMap(([from, to]) => to.map((room) => `${from} -> ${room}`));
    expect(unused.filter((arrow) => !used.has(arrow))).toEqual([]);
  });

  it('are all in the map', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in arrows))).toEqual([]);
  });

  it('keep to themselves the packages that they own', () => {
    const strays = imports.filter(
      ({ file, specifier }) =>
        specifier in owners && !`${roomOf(file)}/`.startsWith(`${owners[specifier] ?? ''}/`),
    );
    expect(strays.map(({ file, specifier }) => `${file} -> ${specifier}`)).toEqual([]);
  });

  it('of workflows see no packages but Temporal’s workflow library', () => {
    const packages = imports.filter(
      ({ file, specifier }) => roomOf(file) === 'workers/workflows' && !specifier.startsWith('.'),
    );
    expect(new Set(packages.map(({ specifier }) => specifier))).toEqual(new Set(['@temporalio/workflow']));
  });
});
