// The tar of a trained model: the same bytes every time, readable from any byte on, and by other programs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelArchive, readModelArchive } from '../../src/model/model-archive.ts';
import type { RangedContent } from '../../src/model/tar-archive.ts';
import { encodeSafetensors } from '../../src/model/safetensors.ts';

const tensors = [
  { name: 'bert.a', shape: [2, 2], data: Float32Array.from([1, 2, 3, 4]) },
  { name: 'classifier.bias', shape: [3], data: Float32Array.from([5, 6, 7]) },
];
const file = Buffer.from(encodeSafetensors(tensors));
const weights: RangedContent = {
  sizeBytes: file.length,
  open: ({ start, end }) =>
    Promise.resolve(Readable.from([file.subarray(start, end + 1)], { objectMode: false })),
};
const content = {
  config: { model_type: 'bert', name: 'ü' },
  tokenizerJson: '{"version":"1.0","é":1}',
  weights,
};

describe('a model archive', () => {
  it('is the same bytes every time, as many as it says', async () => {
    const archive = modelArchive(content);
    const bytes = await buffer(archive.open());
    expect(bytes.length).toBe(archive.sizeBytes);
    expect(bytes.length % 512).toBe(0);
    expect(bytes.toString('latin1', 136, 148)).toBe('00000000000\0'); // No time in it.
    expect((await buffer(modelArchive(content).open())).equals(bytes)).toBe(true);
    const other = modelArchive({ ...content, tokenizerJson: '{"version":"1.1","é":1}' });
    expect((await buffer(other.open())).equals(bytes)).toBe(false);
  });

  it('gives any range of its bytes', async () => {
    const archive = modelArchive(content);
    const bytes = await buffer(archive.open());
    const place = fc.nat({ max: bytes.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, place, async (one, other) => {
        const [start, end] = one < other ? [one, other] : [other, one];
        const part = await buffer(archive.open({ start, end }));
        expect(part.equals(bytes.subarray(start, end + 1))).toBe(true);
      }),
    );
    expect(() => archive.open({ start: 0, end: bytes.length })).toThrow('Bytes');
  });

  it('is read back', async () => {
    const back = await readModelArchive(modelArchive(content).open());
    expect(back.config).toEqual(content.config);
    expect(back.tokenizerJson).toBe(content.tokenizerJson);
    expect(back.tensors).toEqual(tensors);
  });

  it('is unpacked by tar', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'archive-'));
    try {
      writeFileSync(join(folder, 'model.tar'), await buffer(modelArchive(content).open()));
      const names = execFileSync('tar', ['-xvf', 'model.tar'], { cwd: folder, encoding: 'utf8' });
      expect(names.trim().split('\n')).toEqual(['config.json', 'tokenizer.json', 'model.safetensors']);
      expect(readFileSync(join(folder, 'model.safetensors')).equals(file)).toBe(true);
      expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toEqual(content.config);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('that is cut, empty or something else is refused', async () => {
    const bytes = await buffer(modelArchive(content).open());
    const wrong = [Buffer.alloc(0), bytes.subarray(0, 700), bytes.subarray(0, 1600), Buffer.alloc(2048, 'x')];
    for (const bad of wrong) {
      await expect(readModelArchive(Readable.from([bad], { objectMode: false }))).rejects.toMatchObject({
        code: 'model_invalid',
      });
    }
  });
});
