// What of a machine the numeric profile names.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectGraphicsDevice, numericProfile } from '../../../src/training/runtime/numeric-profile.ts';

let driver: string;
beforeEach(() => {
  driver = mkdtempSync(join(tmpdir(), 'driver-'));
});
afterEach(() => rmSync(driver, { recursive: true }));

function describeDevice(bus: string, model: string): void {
  mkdirSync(join(driver, 'gpus', bus), { recursive: true });
  writeFileSync(join(driver, 'gpus', bus, 'information'), `Model: \t\t ${model}\nIRQ:   \t\t 45\n`);
}

describe('the numeric profile', () => {
  it('names onnxruntime’s version, the provider and an instruction set', () => {
    const profile = numericProfile({ threads: 3, provider: 'cpu', graphSha256: 'sha256:00' });
    expect(profile).toMatchObject({ threads: 3, provider: 'cpu', graphSha256: 'sha256:00' });
    expect(profile.onnxruntimeVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect(profile.instructionSet).toMatch(/^[\w-]+$/);
  });

  it('describes the device of a number and its driver', () => {
    const version =
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  560.35.03  Fri Aug 16 21:39:15 UTC 2024\n';
    writeFileSync(join(driver, 'version'), version);
    describeDevice('0000:0b:00.0', 'NVIDIA A');
    describeDevice('0000:3a:00.0', 'NVIDIA B');
    expect(detectGraphicsDevice(0, driver)).toBe('NVIDIA A, driver 560.35.03');
    expect(detectGraphicsDevice(1, driver)).toBe('NVIDIA B, driver 560.35.03');
    expect(detectGraphicsDevice(2, driver)).toBeNull();
  });

  it('describes no device where no driver tells of one', () => {
    expect(detectGraphicsDevice(0, join(driver, 'nowhere'))).toBeNull();
  });

  it('reads the version of the open kernel module too', () => {
    const version = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build\n';
    writeFileSync(join(driver, 'version'), version);
    describeDevice('0000:0b:00.0', 'NVIDIA A');
    expect(detectGraphicsDevice(0, driver)).toBe('NVIDIA A, driver 550.54.15');
  });
});
