// The numeric profile as attempts and reports show it.
import { Type } from 'typebox';
import { oneOf, sha256 } from './answer.ts';

/** A NumericProfile. */
export const profileSchema = Type.Object(
  {
    onnxruntimeVersion: Type.String(),
    provider: oneOf(['cpu', 'cuda']),
    instructionSet: Type.String(),
    threads: Type.Integer({ minimum: 1 }),
    graphSha256: sha256,
  },
  { description: 'What the bits depend on besides the submission.' },
);
