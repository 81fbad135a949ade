// Gives the peer what training here starts from: the same weights, the same head, and the same examples in every step.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors } from '../dist/src/model/safetensors.js';
import { BatchOrder, totalSteps } from '../dist/src/training/batch-order.js';
import { lastLineOf } from './peer-turns.mjs';

function rowsOf(examples) {
  return {
    ids: examples.map(({ tokenIds }) => [...tokenIds]),
    classes: examples.map(({ targets }) => targets[0]),
  };
}

function planOf({ recipe, head, examples, evaluation }) {
  const order = new BatchOrder(examples.length, recipe);
  const steps = totalSteps(examples.length, recipe);
  return {
    labels: head.labelCount,
    learningRate: recipe.learningRate,
    warmupSteps: recipe.warmupSteps,
    batches: Array.from({ length: steps }, (_, step) => [...order.examplesOf(step)]),
    train: rowsOf(examples),
    test: rowsOf(evaluation),
  };
}

/**
 * Trains with PyTorch from a start of this engine's.
 *
 * @param start - { whole: every parameter, recipe, head, examples, evaluation }
 * @returns { accuracy, loss } of the evaluation's rows
 */
export function trainPeerFrom(start, { python, script, model, dropout, seed, threads }) {
  const folder = mkdtempSync(join(tmpdir(), 'bert-eval-start-'));
  try {
    writeFileSync(join(folder, 'start.safetensors'), encodeSafetensors(start.whole));
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(planOf(start)));
    return lastLineOf(python, [
      ...[script, model, folder, '--dropout', dropout],
      ...['--seed', String(seed), '--threads', threads],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
