// The hub's client against a server that speaks its protocol: what is read is what is listed, whatever happens on the way.
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubClient, type HubRepository } from '../../src/hub/hub-client.ts';
import { hubRequester } from '../../src/hub/hub-request.ts';
import { hubLimits } from '../../src/hub/limits.ts';
import { commit, FakeHub } from './fake-hub.ts';

let hub: FakeHub;
let pauses: number[];

const large = Buffer.from(Array.from({ length: 60_000 }, (_, place) => (place * 31) % 251));
const small = Buffer.from('{"small":true}');

beforeEach(async () => {
  hub = new FakeHub();
  pauses = [];
  hub.repositories.set('model org/name', { files: { 'config.json': small, 'a folder/large.bin': large } });
  hub.repositories.set('dataset org/data', { files: { 'train.csv': small } });
  hub.repositories.set('model org/private', {
    files: { 'config.json': small, 'large.bin': large },
    isPrivate: true,
  });
  await hub.start();
});

afterEach(() => hub.stop());

function client(token: string | null = null, signal = new AbortController().signal): HubClient {
  const pause = (milliseconds: number) => {
    pauses.push(milliseconds);
    return Promise.resolve();
  };
  return new HubClient({ address: { url: hub.url, token }, pause, signal });
}

async function content(reader: HubClient, repository: HubRepository, path: string): Promise<Buffer> {
  const file = repository.files.find((candidate) => candidate.path === path);
  return buffer(reader.open(repository, file!));
}

describe('a repository on a hub', () => {
  it('is listed in all its pages at the commit of its revision', async () => {
    const found = await client().repository('model', 'org/name', 'main');
    expect(found.commit).toBe(commit);
    expect(found.files.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      ['config.json', small.length],
      ['a folder/large.bin', large.length],
    ]);
    expect((await client().repository('dataset', 'org/data', commit)).files.length).toBe(1);
  });

  it('gives its files as they are, also from where it redirects', async () => {
    const reader = client();
    const found = await reader.repository('model', 'org/name', 'main');
    expect(await content(reader, found, 'config.json')).toEqual(small);
    expect(await content(reader, found, 'a folder/large.bin')).toEqual(large);
    expect(hub.requests.filter(({ server }) => server === 'storage').length).toBe(1);
    expect(
      hub.requests
        .filter(({ path }) => path.includes('/resolve/'))
        .every(({ path }) => path.includes(commit)),
    ).toBe(true);
  });

  it.each(['', '/'])(
    'is found below the whole path of the hub’s address, which ends with "%s"',
    async (end) => {
      const behind = new FakeHub('/mirrors/hub');
      behind.repositories.set('dataset org/data', { files: { 'train.csv': small, 'more.bin': large } });
      await behind.start();
      try {
        const address = { url: `${behind.url}${end}`, token: null };
        const reader = new HubClient(hubRequester(address, new AbortController().signal));
        const found = await reader.repository('dataset', 'org/data', 'main');
        expect(await content(reader, found, 'train.csv')).toEqual(small);
        expect(await content(reader, found, 'more.bin')).toEqual(large);
      } finally {
        await behind.stop();
      }
    },
  );

  it.each([
    ['model', 'org/none', 'main'],
    ['dataset', 'org/name', 'main'],
    ['model', 'org/name', 'branch'],
    ['model', '../../api', 'main'],
    ['model', 'org/name/more', 'main'],
    ['model', 'org/private', 'main'],
  ] as const)('that is not there is not found: %s %s at %s', async (kind, name, revision) => {
    await expect(client().repository(kind, name, revision)).rejects.toMatchObject({ code: 'hub_not_found' });
    expect(pauses).toEqual([]);
  });

  it('that is private is read with the token, which only the hub itself is sent', async () => {
    const reader = client(hub.token);
    const found = await reader.repository('model', 'org/private', 'main');
    expect(await content(reader, found, 'large.bin')).toEqual(large);
    for (const { server, headers } of hub.requests)
      expect(headers.authorization).toBe(server === 'hub' ? `Bearer ${hub.token}` : undefined);
    await expect(client('wrong').repository('model', 'org/private', 'main')).rejects.toMatchObject({
      code: 'hub_not_found',
    });
  });
});

describe('a hub in trouble', () => {
  it('that is busy is asked again, after as long as it says', async () => {
    hub.troubles.push({ path: '/revision/', trouble: { status: 429, headers: { 'retry-after': '7' } } });
    hub.troubles.push({ path: '/revision/', trouble: { status: 503 } });
    hub.troubles.push({ path: '/tree/', trouble: { status: 500 } });
    expect((await client().repository('model', 'org/name', 'main')).files.length).toBe(2);
    expect(pauses).toEqual([7000, 2000, 1000]);
  });

  it('that stays busy is given up, and never waited for longer than the limit', async () => {
    const trouble = { status: 429, headers: { 'retry-after': '100000' } };
    for (let attempt = 0; attempt < 20; attempt += 1) hub.troubles.push({ path: '/revision/', trouble });
    await expect(client().repository('model', 'org/name', 'main')).rejects.toMatchObject({
      code: 'hub_unavailable',
    });
    expect(pauses).toEqual(new Array(hubLimits.attempts - 1).fill(hubLimits.longestPauseSeconds * 1000));
  });

  it('that is not there is unavailable, with its address and the cause', async () => {
    const reader = client();
    await hub.stop();
    await expect(reader.repository('model', 'org/name', 'main')).rejects.toMatchObject({
      code: 'hub_unavailable',
      message: expect.stringMatching(
        /^The hub at 127\.0\.0\.1:\d+ cannot be reached: fetch failed: connect ECONNREFUSED/u,
      ) as string,
    });
  });

  it('that cuts a file short is asked for the rest', async () => {
    hub.troubles.push({ path: 'cut', trouble: { status: 200 } });
    const reader = client();
    const found = await reader.repository('model', 'org/name', 'main');
    expect(await content(reader, found, 'a folder/large.bin')).toEqual(large);
    const ranges = hub.requests
      .filter(({ server }) => server === 'storage')
      .map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it.each([
    ['other bytes', Buffer.from(large).fill(0, 9, 10)],
    ['more bytes', Buffer.concat([large, large])],
  ])('that sends %s than it lists is not believed', async (_, body) => {
    hub.troubles.push({ path: '/resolve/', trouble: { status: 200, body } });
    const reader = client();
    const found = await reader.repository('model', 'org/name', 'main');
    await expect(content(reader, found, 'a folder/large.bin')).rejects.toMatchObject({
      code: 'hub_unavailable',
    });
  });

  it('that sends another small file than it lists is not believed', async () => {
    hub.troubles.push({ path: '/resolve/', trouble: { status: 200, body: '{"small":tru!}' } });
    const reader = client();
    const found = await reader.repository('model', 'org/name', 'main');
    await expect(content(reader, found, 'config.json')).rejects.toMatchObject({ code: 'hub_unavailable' });
  });

  it.each([
    ['no JSON', { status: 200, body: '<html>' }],
    ['no commit', { status: 200, body: '{"sha":"main"}' }],
    ['a redirect without end', { status: 302, headers: { location: '/loop' } }],
  ])('that answers with %s is unavailable', async (_, trouble) => {
    hub.troubles.push({ path: '/revision/', trouble });
    for (let count = 0; count < 10; count += 1)
      hub.troubles.push({ path: '/loop', trouble: { status: 302, headers: { location: '/loop' } } });
    await expect(client().repository('model', 'org/name', 'main')).rejects.toMatchObject({
      code: 'hub_unavailable',
    });
  });

  it('is left at once when the work is given up', async () => {
    const ended = AbortSignal.abort(new Error('stopped'));
    await expect(client(null, ended).repository('model', 'org/name', 'main')).rejects.toThrow('stopped');
    expect(hub.requests).toEqual([]);
  });
});
