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
  console.error(error);
} finally {
  await vite.close();
}
// What was stopped may have left timers.
process.exit(status);
