import { afterEach, expect, it, vi } from 'vitest';
import { childEnvironment, switchOffEngineTelemetry, switchOffTf32 } from '../src/process-environment.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a child inherits the environment with changes', () => {
  vi.stubEnv('INHERITED', 'as it is');
  vi.stubEnv('CHANGED', 'before');
  expect(childEnvironment({ CHANGED: 'after' })).toMatchObject({ INHERITED: 'as it is', CHANGED: 'after' });
});

it.each([
  ['reduced precision on CUDA', 'NVIDIA_TF32_OVERRIDE', switchOffTf32, '0', '1'],
  ['the engine’s reports to its makers', 'ORT_DISABLE_TELEMETRY', switchOffEngineTelemetry, '1', '0'],
])('%s: switched off, unless the operator decided otherwise', (_what, variable, switchOff, off, on) => {
  vi.stubEnv(variable, undefined);
  switchOff();
  expect(process.env[variable]).toBe(off);
  vi.stubEnv(variable, on);
  switchOff();
  expect(process.env[variable]).toBe(on);
});
