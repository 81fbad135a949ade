import { describe, expect, it } from 'vitest';
import {
  blobKey,
  incomingPrefix,
  manifestKey,
  meaningOf,
  projectPrefix,
  readinessKey,
} from '../../src/storage/object-key.ts';

const digits = 'ab'.repeat(32);
const sha256 = `sha256:${digits}`;

describe('the key of an object', () => {
  it('is the one that objects of released versions lie under', () => {
    expect(blobKey(projectPrefix('default'), sha256)).toBe(`projects/default/blobs/sha256/ab/${digits}`);
    expect(manifestKey('default', 'exp_1', 40, sha256)).toBe(
      `checkpoints/default/exp_1/000000000040-${digits}.json`,
    );
    expect(incomingPrefix(projectPrefix('default'))).toBe('projects/default/incoming/');
    expect(readinessKey).toBe('readiness');
  });

  it('tells of which kind, project and content the object is', () => {
    expect(meaningOf(blobKey(projectPrefix('p'), sha256))).toEqual({ kind: 'blob', projectId: 'p', sha256 });
    const place = { projectId: 'p', experimentId: 'exp_1', step: 123_456_789_012 };
    expect(meaningOf(manifestKey('p', 'exp_1', place.step, sha256))).toEqual({
      kind: 'manifest',
      ...place,
      sha256,
    });
  });

  it('orders the manifests of an experiment by their steps', () => {
    const keys = [999, 1000, 20].map((step) => manifestKey('p', 'exp_1', step, sha256));
    expect(keys.toSorted().map((key) => meaningOf(key))).toMatchObject([
      { step: 20 },
      { step: 999 },
      { step: 1000 },
    ]);
  });

  it.each([
    'readiness',
    `projects/p/blobs/sha256/ab/${digits}0`,
    `projects/p/blobs/sha256/ab/${digits.toUpperCase()}`,
    `projects/p/q/blobs/sha256/ab/${digits}`,
    `blobs/sha256/ab/${digits}`,
    `checkpoints/p/exp_1/x-${digits}.json`,
    `checkpoints/p/000000000040-${digits}.json`,
    `checkpoints/p/exp_1/000000000040-${digits}.json.bak`,
  ])('%s says nothing', (key) => {
    expect(meaningOf(key)).toBeUndefined();
  });
});
