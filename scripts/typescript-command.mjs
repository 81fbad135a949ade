// Runs a command that is written in TypeScript beside the tests, loaded as they are.
//   node scripts/typescript-command.mjs FILE ...ARGUMENTS
// FILE exports `main`, which is given the arguments. Status 1 where it fails, or resolves with false.
import { createViteServer } from 'vitest/node';

const [file, ...rest] = process.argv.slice(2);
const vite = await createViteServer({
  configFile: false,
  server: { middlewareMode: true, ws: false, watch: null },
});
let status = 1;
try {
  const { main } = await vite.ssrLoadModule(`/${file}`);
  status = (await main(rest)) === false ? 1 : 0;
} catch (error) {
  // An option that there is not is no fault of the program.
  console.error(error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error);
} finally {
  await vite.close();
}
// What was stopped may have left timers.
process.exit(status);
