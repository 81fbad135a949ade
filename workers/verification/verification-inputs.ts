// What every phase of a training that is computed again works on: taken from the evidence alone, which is all read and checked.
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import { CodedError } from '../../src/error.ts';
import { pretrainingSteps } from '../../src/experiment/steps.ts';
import type { Logger } from '../../src/log.ts';
import { readStoredConfig } from '../../src/model/stored-config.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import type { InputsWith } from '../preparation/phase-inputs.ts';
import { readStoredTensors, requireIntact } from '../preparation/stored-tensors.ts';
import { vocabularyInUse } from '../preparation/vocabulary-in-use.ts';
import { reading, type Evidence, type KeptCheckpoint } from './evidence.ts';

/**
 * @param directory of this machine, for the examples.
 * @param onProgress called as bytes come; what it throws ends the reading.
 * @throws CodedError `blob_missing`, `blob_corrupt` naming the part that is broken; `storage_unavailable`.
 */
export async function verificationInputs(
  evidence: Evidence,
  directory: string,
  log: Pick<Logger, 'warn'>,
  onProgress: () => void,
): Promise<InputsWith> {
  const { blobs, snapshotSha256, checkpoints, spec } = evidence;
  const snapshot = await reading('snapshot', () => openSnapshot(blobs, snapshotSha256));
  const { manifest } = snapshot;
  const { train, evaluation } = manifest.splits;
  // Training reads examples only; the rows that they were made of are part of the snapshot all the same.
  for (const { name, rowsBlob } of [train, evaluation])
    await reading(`rows of split ${name} of the snapshot`, () => requireIntact(blobs, rowsBlob, onProgress));
  const tokenizer = createTokenizer(
    await reading('tokenizer of the snapshot', () => snapshot.tokenizerJson()),
  );
  const examplesOf = (split: 'train' | 'evaluation') =>
    reading(`examples of split ${manifest.splits[split].name} of the snapshot`, () =>
      snapshot.examples(split, directory, onProgress),
    );
  const trainExamples = await examplesOf('train');
  const evaluationExamples = await examplesOf('evaluation');
  const vocabulary = vocabularyInUse(trainExamples, evaluationExamples);
  const [anyone] = checkpoints;
  if (anyone === undefined) throw new CodedError('no_checkpoint', 'No checkpoint is kept.');
  const config = await reading('configuration of the model', () =>
    readStoredConfig(blobs, anyone.manifest.blobs.config),
  );
  const first = firstPhase(checkpoints, pretrainingSteps(spec.training, train.rows));
  return ({ training, untilStep }) => ({
    blobs,
    spec: { ...spec, training },
    untilStep,
    manifest,
    config,
    pretrained: (progress) =>
      reading('model before the first step', async () => {
        if (first === undefined)
          throw new CodedError(
            'blob_missing',
            'No checkpoint of the first phase is kept, which would name it.',
          );
        return readStoredTensors(blobs, first.manifest.blobs.base, progress);
      }),
    manifestAt: (step) =>
      Promise.resolve(checkpoints.find((checkpoint) => checkpoint.step === step)?.manifest),
    tokenizer,
    vocabulary,
    examples: { train: trainExamples.path, evaluation: evaluationExamples.path },
    log,
  });
}

/** A checkpoint of the phase that an experiment begins with. */
function firstPhase(
  checkpoints: readonly KeptCheckpoint[],
  stepsOfPretraining: number,
): KeptCheckpoint | undefined {
  const phase = stepsOfPretraining > 0 ? 'pretraining' : 'training';
  return checkpoints.find(({ manifest }) => manifest.phase === phase);
}
