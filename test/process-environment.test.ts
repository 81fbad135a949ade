import { afterEach, describe, expect, it, vi } from 'vitest';
import { childEnvironment, switchOffTf32 } from '../src/process-environment.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a child inherits the environment with changes', () => {
  vi.stubEnv('INHERITED', 'as it is');
  vi.stubEnv('CHANGED', 'before');
  expect(childEnvironment({ CHANGED: 'after' })).toMatchObject({ INHERITED: 'as it is', CHANGED: 'after' });
});

describe('reduced precision on CUDA', () => {
  const variable = 'NVIDIA_TF32_OVERRIDE';

  it('is switched off, unless the operator decided otherwise', () => {
    vi.stubEnv(variable, undefined);
    switchOffTf32();
    expect(process.env[variable]).toBe('0');
    vi.stubEnv(variable, '1');
    switchOffTf32();
    expect(process.env[variable]).toBe('1');
  });
});
