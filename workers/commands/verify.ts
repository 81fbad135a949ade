// `npm run verify -- proof.tar`: checks the bundle of a proof without the service. Ends with 0: it agrees; 1: something differs;
// 2: it could not be told here.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { logLevel, readConfig } from '../../src/config.ts';
import { CodedError } from '../../src/error.ts';
import { differs, type StepSpan, type Verdict } from '../../src/experiment/verification.ts';
import { quoted } from '../../src/json/quoted.ts';
import { createLogger } from '../../src/log.ts';
import { switchOffEngineTelemetry, switchOffTf32 } from '../../src/process-environment.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { withScratchDirectory } from '../../src/storage/scratch-directory.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { checkSnapshot } from '../verification/check-snapshot.ts';
import { readBundle } from '../verification/read-bundle.ts';
import { BundleDiffers } from '../verification/unpack-bundle.ts';
import { verify } from '../verification/verify.ts';
import { notDone, runCommand } from './command.ts';

const usage = `Usage: npm run verify -- proof.tar [--from-step N] [--json]
  --from-step N  compute again from this step on; without it the steps since the checkpoint before the result's, 1 for all
  --json         one JSON document instead of a line
`;

interface Checked {
  readonly verdict: Verdict;
  /** What was looked at; `null` where it did not come to that. */
  readonly subject: { readonly experimentId: string; readonly span: StepSpan } | null;
}

const statuses = { agrees: 0, differs: 1, undecided: notDone } as const;

/** @throws CodedError `invalid_request` for a file that is no bundle; `step_not_trained`; what the engine throws. */
async function check(path: string, asked: number | undefined): Promise<Checked> {
  const { executionProvider: provider, executionDevice: deviceNumber } = readConfig();
  return withScratchDirectory(async (directory) => {
    const blobs = new BlobStore(new DirectoryStore(join(directory, 'objects')), '', () => Promise.resolve());
    const { evidence, lastStep } = await readBundle(createReadStream(path), blobs);
    await checkSnapshot(evidence, directory);
    const before = evidence.checkpoints.at(-2);
    if ((asked ?? 1) > lastStep)
      throw new CodedError('step_not_trained', `The bundle ends with step ${lastStep}.`);
    const span = { fromStep: asked ?? Math.min((before?.step ?? 0) + 1, lastStep), toStep: lastStep };
    const place = { deviceNumber, graphCacheDirectory: null };
    const log = createLogger('verify', logLevel());
    const verdict = await verify(() => Promise.resolve(evidence), span, directory, log, {
      provider,
      place,
      start: startTraining,
      onProgress: () => undefined,
    });
    const experimentId = evidence.checkpoints.at(-1)?.manifest.experimentId ?? '';
    return { verdict, subject: { experimentId, span } };
  });
}

function lineOf({ state, reason }: Verdict, subject: Checked['subject']): string {
  if (subject === null) return `${state}: ${reason ?? ''}`;
  const { experimentId, span } = subject;
  if (reason !== null) return `${experimentId} ${state}: ${reason}`;
  const rest = span.fromStep === 1 ? 'all there are' : 'with --from-step 1 all of them';
  return `${experimentId} ${state}: every file is as it was recorded, and steps ${span.fromStep} to ${span.toStep} (${rest}) gave the same bits when they were computed again`;
}

function documentOf(verdict: Verdict, subject: Checked['subject']): string {
  const { experimentId = null, span = { fromStep: null, toStep: null } } = subject ?? {};
  return JSON.stringify({ experimentId, ...span, ...verdict });
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'from-step': { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const [path, ...others] = positionals;
  const asked = values['from-step'];
  if (path === undefined || others.length > 0) {
    process.stderr.write(usage);
    return statuses.undecided;
  }
  if (asked !== undefined && !/^[1-9]\d{0,9}$/.test(asked))
    throw new CodedError('invalid_request', `--from-step takes a step, from 1 on, not ${quoted(asked)}.`);
  const { verdict, subject } = await check(path, asked === undefined ? undefined : Number(asked)).catch(
    (error: unknown): Checked => {
      if (error instanceof BundleDiffers) return { verdict: differs(error.message), subject: null };
      if (error instanceof CodedError)
        throw new CodedError(error.code, `${path}: ${error.message}`, { cause: error.cause });
      throw error;
    },
  );
  process.stdout.write(`${values.json ? documentOf(verdict, subject) : lineOf(verdict, subject)}\n`);
  return statuses[verdict.state];
}

switchOffTf32();
switchOffEngineTelemetry();
process.exitCode = await runCommand(usage, run);
