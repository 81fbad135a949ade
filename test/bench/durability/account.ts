// What the service's own account of an experiment's time says of a stretch of it.
import type { Client } from '../../../openapi/client.ts';
import { wasteOf } from '../../journeys/example-experiment.ts';

type Waste = Awaited<ReturnType<typeof wasteOf>>;

export interface AccountedShares {
  /** In steps that counted, of all the time. */
  readonly usefulShare: number;
  /** In which training stood still for a checkpoint, of all the time. */
  readonly stallShare: number;
  /** Of the time that was neither, by cause. */
  readonly secondsByCause: Readonly<Record<string, number>>;
}

/** Looks at the account now; to be called again at the end of the stretch. */
export async function beginAccount(client: Client, id: string): Promise<() => Promise<AccountedShares>> {
  const before = await wasteOf(client, id);
  return async () => {
    const after = await wasteOf(client, id);
    const causes = after.causes.map(
      ({ cause, seconds }) => [cause, seconds - ofCause(before, cause)] as const,
    );
    const useful = after.usefulSeconds - before.usefulSeconds;
    const all = useful + causes.reduce((sum, [, seconds]) => sum + seconds, 0);
    return {
      usefulShare: useful / all,
      stallShare: (causes.find(([cause]) => cause === 'checkpoint')?.[1] ?? 0) / all,
      secondsByCause: Object.fromEntries(causes),
    };
  };
}

function ofCause({ causes }: Waste, name: string): number {
  return causes.find(({ cause }) => cause === name)?.seconds ?? 0;
}
