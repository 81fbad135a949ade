// What is asked of a proof, and what it says.
import { Type } from 'typebox';
import { sha256 } from './answer.ts';
import { profileSchema } from './profile.ts';

export const proofQuery = Type.Object(
  { bundle: Type.Boolean({ default: false, description: 'A tar with all that is needed to check it.' }) },
  { additionalProperties: false },
);

const step = Type.Integer({ minimum: 0 });

export const proofSchema = Type.Object({
  formatVersion: Type.Literal(1),
  experimentId: Type.String(),
  checkpoint: Type.Object({ step, id: sha256 }),
  specSha256: {
    ...sha256,
    description: 'Of the specification without its name, tags and limits, which change no result.',
  },
  snapshotSha256: {
    ...sha256,
    description: 'Of the dataset’s snapshot, evaluation split and tokenizer included.',
  },
  segments: Type.Array(Type.Object({ fromStep: step, profile: profileSchema }), {
    description: 'The numeric profiles of the steps, each from a step on.',
  }),
  versions: Type.Object({
    onnxruntime: Type.String(),
    checkpointFormat: Type.Integer(),
    ledgerFormat: Type.Integer(),
  }),
  ledgerSha256: {
    ...sha256,
    description:
      'The running hash of the ledger up to the checkpoint’s step: h(n) = SHA-256(h(n-1) ‖ record), a record being step, ' +
      'lossBits, gradientNormBits, the bits of the learning rate and examples, each a little-endian uint32; h(0) is the ' +
      'SHA-256 of "ledger format 1".',
  },
  weightsSha256: { ...sha256, description: 'Of the trained tensors as a safetensors file.' },
});
