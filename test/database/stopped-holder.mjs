// Locks an experiment's row within a transaction and stops itself there; continued, it prints the code of what it meets.
import { openDatabase } from '../../dist/src/database/client.js';
import { lockExperiment } from '../../dist/src/database/experiment-lock.js';

const [, , url, experimentId] = process.argv;
const database = openDatabase(url);
try {
  await database.transaction(async (queries) => {
    await lockExperiment(queries, { projectId: 'default', experimentId });
    process.kill(process.pid, 'SIGSTOP');
    await queries.$queryRaw`SELECT 1`;
  });
  console.log('committed');
} catch (error) {
  console.log(error.code);
}
await database.check();
await database.close();
