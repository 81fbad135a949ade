// An experiment's events as Server-Sent Events (HTML Living Standard, section 9.2): ids that resume, a heartbeat, an end.
import type { ExperimentReference } from '../../experiment/activity.ts';
import type { ExperimentEvent } from '../../database/event-repository.ts';
import { hasEnded } from '../../experiment/state.ts';
import type { RouteContext } from '../dependencies.ts';

/** A comment after so long without an event keeps proxies from closing the connection. */
const heartbeatSeconds = 15;
const heartbeat = ': heartbeat\n\n';
const reconnectMilliseconds = 2_000;
const eventsAtOnce = 500;

/** The text of the stream from the event after `lastNumber` to the experiment's last one, or until the signal aborts. */
export async function* eventStream(
  { repositories, changes }: Pick<RouteContext, 'repositories' | 'changes'>,
  reference: ExperimentReference,
  lastNumber: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const watch = changes.watch(reference.experimentId);
  let number = lastNumber;
  try {
    yield `retry: ${reconnectMilliseconds}\n\n`;
    while (!signal.aborted) {
      // The state is read first: whatever an ended experiment has to tell is written by then.
      const record = await repositories.experiments.get(reference);
      const events = await repositories.events.eventsAfter(reference, number, eventsAtOnce);
      for (const event of events) {
        number = event.number;
        yield eventText(reference.experimentId, event);
      }
      if (events.length > 0) continue;
      if (!record || hasEnded(record.state)) return;
      const changed = await watch.next(heartbeatSeconds, signal);
      if (!changed) yield heartbeat;
    }
  } finally {
    watch.close();
  }
}

function eventText(experimentId: string, { number, type, createdAt, data }: ExperimentEvent): string {
  const body = JSON.stringify({ id: number, experimentId, type, createdAt: createdAt.toISOString(), data });
  return `id: ${number}\nevent: ${type}\ndata: ${body}\n\n`;
}
