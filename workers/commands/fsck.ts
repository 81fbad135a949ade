// `npm run fsck`: checks all rows and objects against each other. Ends with 0: nothing is wrong; 1: something is; 2: it could not
// be done.
import { parseArgs } from 'node:util';
import { defaultProject } from '../../src/experiment/id.ts';
import { checkProject } from '../../src/retention/check-project.ts';
import { isFault } from '../../src/retention/finding.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { runCommand, withParts } from './command.ts';

const usage = `Usage: npm run fsck -- [--json] [--strict]
  --json    one JSON document a line
  --strict  what nothing refers to counts as wrong, too
Variables: DATABASE_URL, STORAGE_URL, as for a worker. What is checked: docs/retention.md.
`;

const flag = { type: 'boolean', default: false } as const;

async function check(): Promise<number> {
  const { values } = parseArgs({ options: { json: flag, strict: flag } });
  const print = (line: string, value: object): void => {
    process.stdout.write(`${values.json ? JSON.stringify(value) : line}\n`);
  };
  return withParts(async ({ repositories, store }) => {
    const findings = checkProject({
      projectId: defaultProject,
      rows: repositories.references,
      pins: repositories.pins,
      ledger: repositories.ledger,
      store,
      blobs: projectBlobs(store, defaultProject),
      manifests: new CheckpointStore(store, defaultProject),
    });
    let faults = 0;
    let orphans = 0;
    for (;;) {
      const next = await findings.next();
      if (next.done === true) {
        const summary = { ...next.value, faults, orphans };
        print(
          `${summary.blobs} blobs, ${summary.sizeBytes} bytes: ${faults} faults, ${orphans} orphans`,
          summary,
        );
        return faults === 0 && (orphans === 0 || !values.strict) ? 0 : 1;
      }
      if (isFault(next.value)) faults += 1;
      else orphans += 1;
      const { kind, where, what } = next.value;
      print(`${kind}: ${where}: ${what}`, next.value);
    }
  });
}

process.exitCode = await runCommand(usage, check);
