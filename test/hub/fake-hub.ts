// A server that speaks as much of the hub's protocol as is used: revisions, paged listings, files that redirect to another
// server, a token; and that can be busy, cut answers short, or send other bytes than it lists.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const commit = 'c0ffee0000000000000000000000000000000001';

interface Repository {
  /** By path. Those over 100 bytes are kept elsewhere, as the hub keeps large files. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly isPrivate?: boolean;
}

export class FakeHub {
  readonly token = 'hf_secret';
  /** What every path begins with: a hub behind another server may be at a path of it. */
  readonly prefix: string;
  /** `dataset org/name` or `model org/name`. */
  readonly repositories = new Map<string, Repository>();
  /** Answers to give first, by a part of the path: each is used once. */
  readonly troubles: { readonly path: string; readonly trouble: Trouble }[] = [];
  readonly requests: {
    readonly server: 'hub' | 'storage';
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
  }[] = [];
  readonly #hub: Server = createServer((request, response) => this.#answer(request, response));
  readonly #storage: Server = createServer((request, response) => this.#send(request, response));

  constructor(prefix = '') {
    this.prefix = prefix;
  }

  async start(): Promise<void> {
    await Promise.all(
      [this.#hub, this.#storage].map(
        (server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
      ),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(
      [this.#hub, this.#storage].map(
        (server) => new Promise((resolve) => server.closeAllConnections() ?? server.close(resolve)),
      ),
    );
  }

  get url(): string {
    return urlOf(this.#hub) + this.prefix;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    if (!pathname.startsWith(this.prefix)) return end(response, 404, { error: 'Not the hub' });
    const path = pathname.slice(this.prefix.length);
    this.requests.push({ server: 'hub', path, headers: request.headers });
    if (this.#trouble(path, response)) return;
    const [, prefix = '', kindOrName = ''] = /^\/(api\/)?(datasets|models)?/.exec(path) ?? [];
    const kind = kindOrName === 'datasets' ? 'dataset' : 'model';
    const rest = path.slice(1 + prefix.length).replace(/^(datasets|models)\//, '');
    const [organization, name, action, revision, ...file] = rest.split('/').map(decodeURIComponent);
    const repository = this.repositories.get(`${kind} ${organization}/${name}`);
    const isAllowed =
      repository?.isPrivate !== true || request.headers.authorization === `Bearer ${this.token}`;
    if (repository === undefined || !isAllowed) return end(response, 401, { error: 'Repository not found' });
    if (revision !== 'main' && revision !== commit) return end(response, 404, { error: 'Invalid rev id' });
    if (action === 'revision') return end(response, 200, { id: `${organization}/${name}`, sha: commit });
    if (action === 'tree')
      return this.#list(repository, path, Number(searchParams.get('cursor') ?? 0), response);
    const content = repository.files[file.join('/')];
    if (content === undefined) return end(response, 404, { error: 'Entry not found' });
    if (content.length <= 100) return sendPart(request, response, content);
    // A path within the hub first, as the hub does for repositories that were renamed.
    const location = searchParams.has('moved')
      ? `${urlOf(this.#storage)}/${sha256(content)}`
      : `${pathname}?moved`;
    response.writeHead(307, { location }).end();
  }

  /** Two entries a page, and a folder that is no file. */
  #list({ files }: Repository, path: string, cursor: number, response: ServerResponse): void {
    const entries = Object.entries(files).map(([name, content]) => ({
      type: 'file',
      path: name,
      size: content.length,
      oid: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
      ...(content.length > 100 && { lfs: { oid: sha256(content), size: content.length } }),
    }));
    const all = [{ type: 'directory', path: 'data', oid: '0'.repeat(40), size: 0 }, ...entries];
    if (cursor + 2 < all.length)
      response.setHeader('link', `<${this.url}${path}?recursive=true&cursor=${cursor + 2}>; rel="next"`);
    end(response, 200, all.slice(cursor, cursor + 2));
  }

  #send(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push({ server: 'storage', path, headers: request.headers });
    if (this.#trouble(path, response)) return;
    const contents = [...this.repositories.values()].flatMap(({ files }) => Object.values(files));
    const content = contents.find((candidate) => `/${sha256(candidate)}` === path);
    if (content === undefined) return end(response, 404, {});
    const trouble = this.troubles.findIndex((next) => next.path === 'cut');
    if (trouble !== -1) {
      this.troubles.splice(trouble, 1);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, content.length >> 1), () => response.destroy());
      return;
    }
    sendPart(request, response, content);
  }

  #trouble(path: string, response: ServerResponse): boolean {
    const place = this.troubles.findIndex((next) => path.includes(next.path));
    const [found] = place === -1 ? [] : this.troubles.splice(place, 1);
    if (found === undefined) return false;
    const { status, headers = {}, body = '' } = found.trouble;
    response.writeHead(status, headers).end(body);
    return true;
  }
}

export interface Trouble {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function sendPart(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200).end(content.subarray(start));
}

function end(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function urlOf(server: Server): string {
  // Listening on a port, its address is no path.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
