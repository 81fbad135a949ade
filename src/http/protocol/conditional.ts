// Conditional requests and preferences: entity tags (RFC 9110, sections 8.8 and 13) and `Prefer: wait` (RFC 7240).
import type { FastifyReply } from 'fastify';

/** The longest time that an answer is held back. */
const longestWaitSeconds = 60;

/** The entity tag of a version of an experiment. */
export function tagOf(version: number): string {
  return `"${version}"`;
}

/** Whether an `If-None-Match` header names the tag; weak and strong are the same here, as section 13.1.2 has it. */
export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//u, '') === tag);
}

/** The seconds of `wait=N` in a `Prefer` header, at most the longest; `undefined` where there is none. */
export function preferredWaitSeconds(header: string | readonly string[] | undefined): number | undefined {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?(?=$|[,;\s])/iu.exec(text) ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds), longestWaitSeconds);
}

/** Answers 304 with nothing that tells of a body: a cache would take that for what it has. */
export function sendNotChanged(reply: FastifyReply): FastifyReply {
  return reply.code(304).send();
}
