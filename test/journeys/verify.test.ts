// Verifying a result, over HTTP and from its proof alone, and what that says when a bit of a weight, of the ledger or of the snapshot is not what it was.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client, type Experiment } from '../../openapi/client.ts';
import { inDatabase } from './database-client.ts';
import { exampleSubmission, succeeded, uploadExample } from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

let stack: StackProcess;
let client: Client;
let ended: Experiment;

beforeAll(async () => {
  stack = await StackProcess.start();
  client = createClient(stack.url);
  const dataset = await uploadExample(client, 400);
  const checkpoint = { everySteps: 10, everySeconds: 1000, keepLast: 100 };
  const pretraining = { epochs: 1 };
  const { id } = await client.submit(exampleSubmission(dataset, { epochs: 2, checkpoint, pretraining }));
  ended = await succeeded(client, id);
}, 120_000);
afterAll(() => stack.stopAndRemove());

async function verdictOn(fromStep: number, toStep: number) {
  const { id } = ended;
  const params = { path: { id } };
  const { data } = await client.api.POST('/experiments/{id}/verify', { params, body: { fromStep, toStep } });
  expect(data).toMatchObject({ state: 'running', fromStep, toStep, firstDifferentStep: null });
  for (;;) {
    const { data: now } = await client.api.GET('/experiments/{id}/verifications/{verificationId}', {
      params: { path: { id, verificationId: data?.id ?? '' } },
    });
    if (now?.state !== 'running') return now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The file of a stored object. */
async function pathOf(sha256: string): Promise<string> {
  const folder = join(stack.dataDirectory, 'objects');
  const name = sha256.replace('sha256:', '');
  const found = (await readdir(folder, { recursive: true })).find((path) => path.endsWith(name));
  if (found === undefined) throw new Error(`there is no object ${name}`);
  return join(folder, found);
}

/** Changes one bit in the middle of a stored object, runs `work`, and puts the object back. */
async function withOneBitChanged<T>(sha256: string, work: () => Promise<T>): Promise<T> {
  const path = await pathOf(sha256);
  const before = await readFile(path);
  const changed = Buffer.from(before);
  const middle = changed.length >> 1;
  changed.writeUInt8(changed.readUInt8(middle) ^ 1, middle);
  await writeFile(path, changed);
  try {
    return await work();
  } finally {
    await writeFile(path, before);
  }
}

describe('a verification', () => {
  it('agrees from the start to the end, through a pretraining, and on a span in between', async () => {
    const last = ended.progress?.step ?? 0;
    expect(await verdictOn(1, last)).toMatchObject({ state: 'agrees', reason: null });
    expect(await verdictOn(15, 17)).toMatchObject({ state: 'agrees' });
  }, 60_000);

  it('names the checkpoint whose weights have a bit changed', async () => {
    const proof = await client.proof(ended.id);
    const step = proof.checkpoint.step;
    const verdict = await withOneBitChanged(proof.weightsSha256, () => verdictOn(step - 1, step));
    expect(verdict).toMatchObject({ state: 'differs' });
    expect(verdict?.reason).toContain(`checkpoint of step ${step}`);
  }, 60_000);

  it('names the step of a ledger entry that has a bit changed', async () => {
    const flip = () =>
      inDatabase(stack, (database) =>
        database.query(
          `UPDATE ledger_chunk SET records = set_byte(records, 3, get_byte(records, 3) # 1)
           WHERE experiment_id = $1 AND from_step = 1`,
          [ended.id],
        ),
      );
    await flip();
    expect(await verdictOn(1, 5)).toMatchObject({ state: 'differs', firstDifferentStep: 1 });
    // A span without the step: the running hash shows it.
    const verdict = await verdictOn(22, 25);
    expect(verdict).toMatchObject({ state: 'differs', firstDifferentStep: null });
    expect(verdict?.reason).toContain('steps 1 to 10');
    await flip();
    expect(await verdictOn(22, 25)).toMatchObject({ state: 'agrees' });
  }, 60_000);

  it('names the split of the snapshot that has a row changed', async () => {
    const manifest = JSON.parse(await readFile(await pathOf(ended.snapshot?.sha256 ?? ''), 'utf8')) as {
      splits: { train: { rowsBlob: { sha256: string } } };
    };
    const verdict = await withOneBitChanged(manifest.splits.train.rowsBlob.sha256, () => verdictOn(1, 2));
    expect(verdict).toMatchObject({ state: 'differs' });
    expect(verdict?.reason).toContain('rows of split train of the snapshot');
  }, 60_000);

  it('is refused for steps that there are not', async () => {
    const ask = (fromStep: number, toStep: number) =>
      client.api.POST('/experiments/{id}/verify', {
        params: { path: { id: ended.id } },
        body: { fromStep, toStep },
      });
    await expect(ask(1, 100_000)).rejects.toMatchObject({ code: 'step_not_trained' });
    await expect(ask(3, 2)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the bundle of a proof', () => {
  /** What `npm run verify` prints and ends with. */
  async function check(files: Map<string, Buffer>, ...options: string[]) {
    const path = join(stack.dataDirectory, 'proof.tar');
    await writeFile(path, await packed(files));
    const { stdout, status } = spawnSync(
      process.execPath,
      ['dist/workers/commands/verify.js', path, '--json', ...options],
      { encoding: 'utf8' },
    );
    return { status, verdict: stdout === '' ? null : (JSON.parse(stdout) as { reason: string }) };
  }

  it('agrees without the service, and names what was changed', async () => {
    const response = await fetch(`${stack.url}/experiments/${ended.id}/proof?bundle=true`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.length).toBe(Number(response.headers.get('content-length')));
    const files = await unpacked(bytes);
    expect(await check(files)).toMatchObject({ status: 0, verdict: { state: 'agrees' } });
    const { step } = (await client.proof(ended.id)).checkpoint;
    expect(await check(files, '--from-step', '1')).toEqual({
      status: 0,
      verdict: {
        ...{ experimentId: ended.id, fromStep: 1, toStep: step },
        ...{ state: 'agrees', firstDifferentStep: null, reason: null },
      },
    });
    expect(await check(files, '--from-step', 'abc')).toEqual({ status: 2, verdict: null });

    const proof = await client.proof(ended.id);
    const weights = `blobs/${proof.weightsSha256.replace('sha256:', '')}`;
    const manifest = JSON.parse(await readFile(await pathOf(proof.snapshotSha256), 'utf8')) as Snapshot;
    const rows = `blobs/${manifest.splits.train.rowsBlob.sha256.replace('sha256:', '')}`;
    for (const name of [weights, rows])
      for (const isHidden of [false, true]) {
        const { status, verdict } = await check(changed(files, name, flipped, isHidden));
        expect(status).toBe(1);
        expect(verdict?.reason).toContain(name);
      }

    const entry = (step: number) => (content: Buffer) =>
      Buffer.from(
        content
          .toString()
          .split('\n')
          .map((line, index) => (index === step - 1 ? line.replace('"examples":32', '"examples":31') : line))
          .join('\n'),
      );
    expect((await check(changed(files, 'ledger.jsonl', entry(3), false))).verdict?.reason).toContain(
      'ledger.jsonl',
    );
    const hidden = changed(files, 'ledger.jsonl', entry(3), true);
    expect(await check(hidden, '--from-step', '1')).toMatchObject({
      status: 1,
      verdict: { firstDifferentStep: 3 },
    });
    expect((await check(hidden)).verdict?.reason).toContain('steps 1 to ');

    const profile = (content: Buffer) =>
      Buffer.from(content.toString().replaceAll('"onnxruntimeVersion":"', '"onnxruntimeVersion":"9'));
    const other = await check(changed(files, 'proof.json', profile, true));
    expect(other.status).toBe(1);
    expect(other.verdict?.reason).toContain('numeric profile');
    const rate = (content: Buffer) =>
      Buffer.from(content.toString().replace('"learningRate":', '"learningRate":1'));
    expect((await check(changed(files, 'specification.json', rate, true))).verdict?.reason).toContain(
      'specification.json',
    );
  }, 120_000);
});

interface Snapshot {
  readonly splits: { readonly train: { readonly rowsBlob: { readonly sha256: string } } };
}

const flipped = (content: Buffer): Buffer => {
  const copy = Buffer.from(content);
  copy.writeUInt8(copy.readUInt8(copy.length >> 1) ^ 1, copy.length >> 1);
  return copy;
};

/** The files with one changed. @param isHidden whether SHA256SUMS says so too. */
function changed(
  files: Map<string, Buffer>,
  name: string,
  change: (content: Buffer) => Buffer,
  isHidden: boolean,
): Map<string, Buffer> {
  const content = change(files.get(name) ?? Buffer.alloc(0));
  const after = new Map(files).set(name, content);
  if (!isHidden) return after;
  const sum = createHash('sha256').update(content).digest('hex');
  const sums = files.get('SHA256SUMS')?.toString() ?? '';
  return after.set('SHA256SUMS', Buffer.from(sums.replace(new RegExp(`.{64}  ${name}`), `${sum}  ${name}`)));
}

async function unpacked(tar: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const entry of Readable.from([tar]).pipe(extract()))
    files.set(entry.header.name, await buffer(entry));
  return files;
}

async function packed(files: Map<string, Buffer>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of files) tar.entry({ name }, content);
  tar.finalize();
  return buffer(tar);
}
