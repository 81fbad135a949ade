// The rows of one experiment, copied and put back as a backup of the database would.
import { escapeLiteral } from 'pg';
import { inDatabase } from './database-client.ts';
import type { StackProcess } from './stack-process.ts';

const tables = [
  'experiment',
  'attempt',
  'checkpoint',
  'ledger_segment',
  'ledger_chunk',
  'evaluation_point',
  'event',
] as const;

export class ExperimentRows {
  readonly #stack: StackProcess;
  readonly #id: string;

  constructor(stack: StackProcess, id: string) {
    this.#stack = stack;
    this.#id = id;
  }

  /** Keeps a copy beside the tables, all of one moment. */
  async copy(): Promise<void> {
    const id = escapeLiteral(this.#id);
    await inDatabase(this.#stack, async (client) => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      for (const table of tables)
        await client.query(
          `CREATE TABLE copy_of_${table} AS SELECT * FROM ${table} WHERE ${columnOf(table)} = ${id}`,
        );
      await client.query('COMMIT');
    });
  }

  /** Puts the copy in the place of what there is. */
  async putBack(): Promise<void> {
    await inDatabase(this.#stack, async (client) => {
      await client.query('BEGIN');
      await client.query('DELETE FROM experiment WHERE id = $1', [this.#id]);
      for (const table of tables) await client.query(`INSERT INTO ${table} SELECT * FROM copy_of_${table}`);
      for (const table of tables) await client.query(`DROP TABLE copy_of_${table}`);
      await client.query('COMMIT');
    });
  }
}

function columnOf(table: (typeof tables)[number]): string {
  return table === 'experiment' ? 'id' : 'experiment_id';
}
