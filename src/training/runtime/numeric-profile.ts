// What besides the job the bits of a result depend on.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { env } from 'onnxruntime-node';
import type { NumericProfile } from '../job.ts';

/** Where Linux lists what the processor can do; other systems are told apart by architecture alone. */
const processorFile = '/proc/cpuinfo';

/** The widest instruction set that onnxruntime's kernels choose by. */
function detectInstructionSet(): string {
  if (arch() === 'arm64') return 'neon';
  let flags: string;
  try {
    flags = readFileSync(processorFile, 'utf8');
  } catch {
    // Not Linux: the architecture is all that is known.
    return arch();
  }
  const has = (flag: string): boolean => new RegExp(`\\b${flag}\\b`).test(flags);
  if (has('avx512f')) return 'avx512';
  if (has('avx2')) return 'avx2';
  return has('avx') ? 'avx' : arch();
}

/** The `sha256:…` of a model's bytes. */
export function graphSha256(model: Uint8Array): string {
  return `sha256:${createHash('sha256').update(model).digest('hex')}`;
}

/** The profile of this machine for a graph, a provider and a number of threads. */
export function numericProfile(
  given: Pick<NumericProfile, 'threads' | 'provider' | 'graphSha256'>,
): NumericProfile {
  return {
    onnxruntimeVersion: env.versions.node ?? env.versions.common,
    instructionSet: detectInstructionSet(),
    ...given,
  };
}
