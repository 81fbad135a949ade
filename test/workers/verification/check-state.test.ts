// Each part of a checkpoint that is not as it was computed again is named.
import { expect, it } from 'vitest';
import { encodeSafetensors } from '../../../src/model/safetensors.ts';
import { sha256Of } from '../../../src/storage/blob-store.ts';
import type { CheckpointManifest } from '../../../src/storage/checkpoint-manifest.ts';
import type { NamedTensor, TrainingState } from '../../../src/training/job.ts';
import { differentPart } from '../../../workers/verification/check-state.ts';
import { manifestFrame } from '../preparation/manifest-frame.ts';

const tensors = (value: number): NamedTensor[] => [
  { name: 'w', shape: [2], data: Float32Array.of(value, 2) },
];
const blobOf = (value: number) => {
  const bytes = encodeSafetensors(tensors(value));
  return { sha256: sha256Of(bytes), sizeBytes: bytes.byteLength };
};

const base = blobOf(9);
const state: TrainingState = {
  step: 5,
  parameters: tensors(1),
  firstMoments: tensors(2),
  secondMoments: tensors(3),
  unusedWords: { scale: 0.5, momentum: 0 },
  evaluations: null,
};
const { base: _base, vocabulary, config, tokenizer, ...frame } = manifestFrame('exp_1');
const manifest: CheckpointManifest = {
  ...frame,
  formatVersion: 2,
  step: 5,
  blobs: {
    base,
    parameters: blobOf(1),
    firstMoments: blobOf(2),
    secondMoments: blobOf(3),
    vocabulary,
    config,
    tokenizer,
  },
  unusedWords: state.unusedWords,
  evaluations: null,
  ledger: { steps: 5, sha256: base.sha256 },
};

it('nothing, where all is the same', () => {
  expect(differentPart(state, base, { manifest })).toBeUndefined();
});

it.each<[string, Partial<TrainingState>]>([
  ['weights', { parameters: tensors(1.5) }],
  ['first moments', { firstMoments: tensors(1.5) }],
  ['second moments', { secondMoments: tensors(1.5) }],
  ['second moments', { secondMoments: [] }],
  ['unused words', { unusedWords: { scale: 0.25, momentum: 0 } }],
  ['unused words', { unusedWords: { scale: 0.5, momentum: 1 } }],
])('the %s', (name, change) => {
  expect(differentPart({ ...state, ...change }, base, { manifest })).toBe(name);
});

it('the weights before the first step', () => {
  expect(differentPart(state, blobOf(8), { manifest })).toBe('weights before the first step');
});
