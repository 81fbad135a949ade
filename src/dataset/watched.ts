// Tells of each piece that passes, so that what takes long is told from what hangs.

/** The same pieces; `onProgress` is called before each, and what it throws ends them. */
export async function* watched<T>(pieces: AsyncIterable<T>, onProgress: () => void): AsyncGenerator<T> {
  for await (const piece of pieces) {
    onProgress();
    yield piece;
  }
}
