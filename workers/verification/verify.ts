// Verifies a span of an experiment's training against everything that was kept of it.
import type { Logger } from '../../src/log.ts';
import { isDamage } from '../../src/storage/blob-store.ts';
import { differs, type StepSpan, type Verdict } from '../../src/experiment/verification.ts';
import { differentFrame } from './check-frame.ts';
import { differentSpan } from './check-ledger.ts';
import type { Evidence } from './evidence.ts';
import { recompute, type VerifyingEngine } from './recompute.ts';
import { verificationInputs } from './verification-inputs.ts';

/**
 * Reads the whole snapshot, the ledger and what every checkpoint says, and computes the span again. A part that is broken is a difference.
 *
 * @param gather reads what is known of the experiment.
 * @param directory of this machine, for the examples.
 * @throws CodedError `storage_unavailable`, `database_unavailable`; what `gather`, the engine and `onProgress` throw.
 */
export async function verify(
  gather: () => Promise<Evidence>,
  span: StepSpan,
  directory: string,
  log: Pick<Logger, 'warn'>,
  engine: VerifyingEngine,
): Promise<Verdict> {
  try {
    const evidence = await gather();
    const broken = await differentSpan(evidence);
    const inputsWith = await verificationInputs(evidence, directory, log, engine.onProgress);
    const frame = await differentFrame(evidence, inputsWith);
    if (frame !== undefined) return differs(frame);
    const verdict = await recompute(evidence, span, inputsWith, engine);
    // A step by name says more than the steps among which it is.
    if (broken === undefined || verdict.state === 'differs') return verdict;
    return differs(
      `ledger: steps ${broken.fromStep} to ${broken.toStep} are not those that the checkpoint of step ${broken.toStep} was kept with`,
    );
  } catch (error) {
    if (isDamage(error)) return differs(error.message);
    throw error;
  }
}
