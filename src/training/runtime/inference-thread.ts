// The entry of an inference thread: opens the session and runs the batches that come, one after another, until told to close.
import { parentPort } from 'node:worker_threads';
import type { InferenceReply, InferenceRequest, InferenceThreadData } from './inference-messages.ts';
import { openExportedModel, type ExportedModelSession } from './inference-session.ts';
import { failureOf } from './thread-failure.ts';

const send = (reply: InferenceReply, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(reply, [...transfer]);

function serve(session: ExportedModelSession): void {
  let last = Promise.resolve();
  const answer = async (request: InferenceRequest): Promise<void> => {
    if (request.kind === 'close') {
      await session.close();
      parentPort?.close();
      return;
    }
    const { id, batch } = request;
    try {
      const logits = await session.run(batch);
      send({ kind: 'logits', id, logits }, [logits.data.buffer]);
    } catch (error) {
      // One batch that cannot be computed does not end the session: others wait for it.
      send({ kind: 'batchFailed', id, failure: failureOf(error) });
    }
  };
  parentPort?.on('message', (request: InferenceRequest) => {
    last = last.then(() => answer(request));
  });
  send({ kind: 'opened', provider: session.provider });
}

async function open(data: InferenceThreadData): Promise<void> {
  try {
    serve(await openExportedModel(data));
  } catch (error) {
    // The thread's end, which follows, would tell the other side less than this message does.
    send({ kind: 'notOpened', failure: failureOf(error) });
  }
}

// The model comes as the first message and not with the thread's start, which would keep its bytes for as long as the thread.
parentPort?.once('message', (data: InferenceThreadData) => void open(data));
