// Reads Server-Sent Events (HTML Living Standard, section 9.2), as far as the service writes them.
import type { components } from './schema.ts';

export type ExperimentEvent = components['schemas']['Event'];

/** The events of a stream as they come. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ExperimentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').filter((line) => line.startsWith('data: '));
      const json = data.map((line) => line.slice('data: '.length)).join('\n');
      // The service's own events, by its document.
      if (json !== '') yield JSON.parse(json) as ExperimentEvent;
    }
  }
}
