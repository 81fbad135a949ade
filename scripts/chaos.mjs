// The command of the fault campaign: loads test/chaos/main.ts as the tests are loaded, and exits with its verdict.
import { createViteServer } from 'vitest/node';

const vite = await createViteServer({
  configFile: false,
  server: { middlewareMode: true, ws: false, watch: null },
});
let status = 1;
try {
  const { main } = await vite.ssrLoadModule('/test/chaos/main.ts');
  status = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  console.error(error);
} finally {
  await vite.close();
}
// A campaign that was stopped has left timers.
process.exit(status);
