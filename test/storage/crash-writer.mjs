// The writer that the crash test kills: it publishes blobs and manifests as fast as it can, and says what it has published.
// argv: the folder of the compiled storage modules, the folder of the store, a seed that parts its objects from other runs'.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const [compiled, folder, seed] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(compiled, name)).href);
const { BlobStore, sha256Of } = await load('blob-store.js');
const { CheckpointStore } = await load('checkpoint-store.js');
const { DirectoryStore } = await load('directory-store.js');

const store = new DirectoryStore(folder);
const blobs = new BlobStore(store, 'project/');
const checkpoints = new CheckpointStore(store, 'project');

/** Bytes that are the same in every run of a seed, of a size that takes several writes. */
function content(step, part) {
  const block = createHash('sha512').update(`${seed} ${step} ${part}`).digest();
  return Buffer.alloc(150_000 + (block[0] ?? 0) * 1000, block);
}

// A line is written before the next step begins, and synchronously: what is said was published, whatever comes after.
const say = (published) => writeSync(1, `${JSON.stringify(published)}\n`);

say('started');
for (let step = 1; ; step += 1) {
  const parameters = await blobs.putParts([content(step, 'header'), content(step, 'parameters')]);
  const firstMoments = await blobs.putBytes(content(step, 'first'));
  const secondMoments = await blobs.putStream(Readable.from([content(step, 'second')]));
  const manifest = {
    formatVersion: 2,
    experimentId: `exp_${seed}`,
    step,
    phase: 'training',
    profile: {
      onnxruntimeVersion: '1.0.0',
      provider: 'cpu',
      instructionSet: 'avx2',
      threads: 1,
      graphSha256: sha256Of('graph'),
    },
    snapshotSha256: sha256Of('snapshot'),
    specSha256: sha256Of('spec'),
    blobs: {
      base: parameters,
      parameters,
      firstMoments,
      secondMoments,
      vocabulary: null,
      config: firstMoments,
      tokenizer: firstMoments,
    },
    unusedWords: { scale: 1, momentum: 0 },
    evaluations: null,
    lora: null,
    ledger: { steps: step, sha256: sha256Of(`${step}`) },
  };
  const { id } = await checkpoints.publish(manifest);
  say({ step, id, blobs: [parameters, firstMoments, secondMoments] });
}
