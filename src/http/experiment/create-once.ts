// Creating an experiment for a request that may be sent again under the same key.
import type {
  CreatedExperiment,
  IdempotencyRequest,
  NewExperiment,
} from '../../database/experiment-repository.ts';
import { defaultProject } from '../../experiment/id.ts';
import { canonicalJson } from '../../json/canonical-json.ts';
import { sha256Of } from '../../storage/blob-store.ts';
import type { AppDependencies } from '../dependencies.ts';
import { experimentBody } from './experiment-view.ts';

/**
 * Creates what `make` returns, unless the key was used before: then it is not called, and the answer is the one of that time.
 *
 * @param request its `Idempotency-Key`, if it has one, and what another request with the key must be equal to.
 * @throws CodedError `idempotency_key_reused` for a key that came with something else; what `make` throws.
 */
export async function createOnce(
  experiments: AppDependencies['repositories']['experiments'],
  { key, body }: { readonly key: string | undefined; readonly body: unknown },
  make: () => Promise<Pick<NewExperiment, 'id' | 'spec' | 'fork'>>,
): Promise<CreatedExperiment> {
  const idempotency: IdempotencyRequest | null =
    key === undefined ? null : { key, bodySha256: sha256Of(canonicalJson(body)) };
  const replay = idempotency && (await experiments.findReplay(defaultProject, idempotency));
  if (replay) return replay;
  return experiments.create({
    ...(await make()),
    projectId: defaultProject,
    idempotency,
    respond: (record) => JSON.stringify(experimentBody(record, null)),
  });
}
