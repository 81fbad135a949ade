// What besides the job the bits of a result depend on.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { env } from 'onnxruntime-node';
import type { NumericProfile } from '../job.ts';

/** Where Linux lists what the processor can do; other systems are told apart by architecture alone. */
const processorFile = '/proc/cpuinfo';

/** Where the driver of NVIDIA's devices tells its version, and one folder a device, in the order of their bus. */
const graphicsDriver = '/proc/driver/nvidia';

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

/**
 * What computes on CUDA, as its driver describes it: `NVIDIA H100 80GB HBM3, driver 560.35.03`.
 * @returns null where no driver tells
 */
export function detectGraphicsDevice(deviceNumber: number, driver = graphicsDriver): string | null {
  try {
    const devices = readdirSync(join(driver, 'gpus')).sort();
    const information = readFileSync(
      join(driver, 'gpus', devices[deviceNumber] ?? '', 'information'),
      'utf8',
    );
    const model = /^Model:\s*(.+?)\s*$/m.exec(information)?.[1] ?? 'unknown device';
    const version = /Kernel Module.*?\s(\d+\.[\d.]+)/.exec(
      readFileSync(join(driver, 'version'), 'utf8'),
    )?.[1];
    return `${model}, driver ${version ?? 'unknown'}`;
  } catch {
    // Without the driver's files, as in some containers, only the processor can be named.
    return null;
  }
}

/** The `sha256:…` of a model's bytes. */
export function graphSha256(model: Uint8Array): string {
  return `sha256:${createHash('sha256').update(model).digest('hex')}`;
}

/**
 * The profile of this machine for a graph, a provider and a number of threads. On CUDA the instruction set also names the
 * device and its driver: kernels are chosen by both.
 */
export function numericProfile(
  given: Pick<NumericProfile, 'threads' | 'provider' | 'graphSha256'>,
  deviceNumber = 0,
): NumericProfile {
  const device = given.provider === 'cuda' ? detectGraphicsDevice(deviceNumber) : null;
  return {
    onnxruntimeVersion: env.versions.node ?? env.versions.common,
    instructionSet: [detectInstructionSet(), ...(device === null ? [] : [device])].join('; '),
    ...given,
  };
}
