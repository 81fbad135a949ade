// Writes model folders and batches for the tools that are run as commands, and runs them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encodeSafetensors } from '../../src/model/safetensors.ts';
import type { NamedTensor } from '../../src/training/job.ts';
import { readSafetensors } from '../training/safetensors-reader.ts';

const root = resolve(import.meta.dirname, '../..');

/** Runs a script of this project and parses the last line that it prints. */
export function runScript(name: string, parameters: readonly string[]): unknown {
  const output = execFileSync(process.execPath, [join(root, 'scripts', name), ...parameters], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
}

export interface GradientsRun {
  readonly loss: number;
  readonly logits: readonly (readonly number[])[];
  readonly gradients: ReadonlyMap<string, Float32Array | Float64Array>;
}

/** Writes a folder and a batch, and runs `engine-gradients` over them. */
export function engineGradients(
  model: { readonly config: object; readonly tensors: readonly NamedTensor[] },
  batch: object,
  parameters: readonly string[] = [],
): GradientsRun {
  const directory = mkdtempSync(join(tmpdir(), 'gradients-'));
  try {
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('config.json'), JSON.stringify(model.config));
    writeFileSync(file('model.safetensors'), encodeSafetensors(model.tensors));
    writeFileSync(file('batch.json'), JSON.stringify(batch));
    const told = runScript('engine-gradients.mjs', [
      ...['--model', directory, '--batch', file('batch.json'), '--output', file('gradients.safetensors')],
      ...parameters,
    ]) as Pick<GradientsRun, 'loss' | 'logits'>;
    const read = readSafetensors(file('gradients.safetensors'));
    return { ...told, gradients: new Map(read.map(({ name, data }) => [name, data])) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
