// The rows of one experiment, copied and put back as a backup of the database would.
import type { Client } from 'pg';

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
  readonly #client: Client;
  readonly #id: string;

  /** @param client connected to the database. */
  constructor(client: Client, id: string) {
    this.#client = client;
    this.#id = id;
  }

  /** Keeps a copy beside the tables, all of one moment. */
  async copy(): Promise<void> {
    const id = this.#client.escapeLiteral(this.#id);
    await this.#client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    for (const table of tables)
      await this.#client.query(
        `CREATE TABLE copy_of_${table} AS SELECT * FROM ${table} WHERE ${columnOf(table)} = ${id}`,
      );
    await this.#client.query('COMMIT');
  }

  /** Puts the copy in the place of what there is. */
  async putBack(): Promise<void> {
    await this.#client.query('BEGIN');
    await this.#client.query('DELETE FROM experiment WHERE id = $1', [this.#id]);
    for (const table of tables)
      await this.#client.query(`INSERT INTO ${table} SELECT * FROM copy_of_${table}`);
    for (const table of tables) await this.#client.query(`DROP TABLE copy_of_${table}`);
    await this.#client.query('COMMIT');
  }
}

function columnOf(table: (typeof tables)[number]): string {
  return table === 'experiment' ? 'id' : 'experiment_id';
}
