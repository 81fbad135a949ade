// The part of the house rules that can be checked: sizes of files, words that must not be left behind, and one dialect.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file.endsWith('.ts') && file !== 'openapi/schema.ts');
const sources = tracked.filter((file) => !file.startsWith('test/'));
const programs = sources.filter((file) => /^(src|workers)\//.test(file));
const content = (file: string): string => readFileSync(join(root, file), 'utf8');
const lines = (file: string): string[] => content(file).split('\n');

/** The members with a keyword of TypeScript for what `#name` says; constructors have no such name. */
function keywordMembers(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isKeyword =
      node.kind === ts.SyntaxKind.PrivateKeyword || node.kind === ts.SyntaxKind.ProtectedKeyword;
    if (isKeyword && !ts.isConstructorDeclaration(node.parent)) found.push(node.parent.getText());
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('text.ts', text, ts.ScriptTarget.Latest, true));
  return found;
}

/** The parameters whose description stands behind a hyphen. */
function hyphenParameters(text: string): string[] {
  return text.match(/@param\s+\S+\s+-\s.*/g) ?? [];
}

describe('source files', () => {
  it('have at most 400 lines, tests at most 500', () => {
    const long = tracked.filter((file) => lines(file).length - 1 > (file.startsWith('test/') ? 500 : 400));
    expect(long).toEqual([]);
  });

  it('have fewer than 120 lines in at least half of the cases', () => {
    const short = sources.filter((file) => lines(file).length < 120);
    expect(short.length / sources.length).toBeGreaterThanOrEqual(0.5);
  });

  it('begin with a comment that says what they are for', () => {
    expect(
      sources.filter((file) => !lines(file)[0]?.startsWith('//') && !file.endsWith('.config.ts')),
    ).toEqual([]);
  });

  it('say of every exported function and class what it is for', () => {
    const exported = /^export (?:abstract )?(?:async )?(?:class|function)\b/;
    const silent = sources.flatMap((file) =>
      lines(file).flatMap((line, place, all) =>
        exported.test(line) && !all[place - 1]?.endsWith('*/') ? [`${file}: ${line}`] : [],
      ),
    );
    expect(silent).toEqual([]);
  });

  it('hold nothing unfinished', () => {
    const unfinished = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'ts-' + 'ignore'].join('|'));
    expect(tracked.filter((file) => unfinished.test(content(file)))).toEqual([]);
  });

  it('have no catch-all names', () => {
    expect(tracked.filter((file) => /(^|\/)(utils?|helpers?|common|manager)(\.|\/)/.test(file))).toEqual([]);
  });
});

describe('programs', () => {
  const findings = (find: (text: string) => string[]): string[] =>
    programs.flatMap((file) => find(content(file)).map((finding) => `${file}: ${finding}`));

  it('keep to themselves by #names, not by keywords', () => {
    expect(findings(keywordMembers)).toEqual([]);
    const members = ['private a = 1;', 'protected static b(): void {}', 'private get c() { return 1; }'];
    const allowed = '#d = 1; private constructor(readonly e: number) {}';
    expect(keywordMembers(`class Some { ${members.join(' ')} ${allowed} }`)).toEqual(members);
  });

  it('describe parameters without a hyphen', () => {
    expect(findings(hyphenParameters)).toEqual([]);
    expect(hyphenParameters('/** @param a - what it is. */')).toHaveLength(1);
    expect(hyphenParameters('/** @param a what it is - or not; -1 where there is none. */')).toEqual([]);
  });
});
