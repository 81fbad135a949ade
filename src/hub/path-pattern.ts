// Patterns of paths as datasets name their files: `?` is a character, `*` any within a folder, `**` any at all.

type Step =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'many'; readonly acrossFolders: boolean };

/**
 * Whether a path fits a pattern. It takes time in proportion to both lengths: a pattern is whatever a stranger wrote.
 */
export function fitsPattern(path: string, pattern: string): boolean {
  const steps = stepsOf(pattern.replace(/^\.?\//, ''));
  // For each step whether the path so far may have brought us before it.
  let reached = passOver(steps, new Array<boolean>(steps.length + 1).fill(false).with(0, true));
  for (const character of path) {
    const next = new Array<boolean>(steps.length + 1).fill(false);
    for (const [place, step] of steps.entries()) {
      if (reached[place] !== true) continue;
      if (step.kind === 'many') next[place] ||= step.acrossFolders || character !== '/';
      else if (step.kind === 'one' ? character !== '/' : step.character === character) next[place + 1] = true;
    }
    reached = passOver(steps, next);
  }
  return reached[steps.length] === true;
}

/** `** /` (without the space) is any number of folders, none included. */
function stepsOf(pattern: string): readonly Step[] {
  return [...pattern.matchAll(/\*\*\/?|\*|\?|[^*?]/gu)].map(([part]): Step => {
    if (part.startsWith('*')) return { kind: 'many', acrossFolders: part.length > 1 };
    return part === '?' ? { kind: 'one' } : { kind: 'character', character: part };
  });
}

/** What stands for any number of characters stands for none too. */
function passOver(steps: readonly Step[], reached: boolean[]): boolean[] {
  for (const [place, { kind }] of steps.entries())
    if (kind === 'many' && reached[place] === true) reached[place + 1] = true;
  return reached;
}
