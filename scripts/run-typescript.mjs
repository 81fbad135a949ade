// Runs the `main` of a TypeScript file of test/, loaded as the tests are loaded, and exits with what it says.
import { createViteServer } from 'vitest/node';

/** @param path - from the project's folder, with a slash before it; its `main` gets the command's parameters. */
export async function runTypescript(path) {
  const vite = await createViteServer({
    configFile: false,
    server: { middlewareMode: true, ws: false, watch: null },
  });
  let status = 1;
  try {
    const { main } = await vite.ssrLoadModule(path);
    status = (await main(process.argv.slice(2))) === false ? 1 : 0;
  } catch (error) {
    console.error(error);
  } finally {
    await vite.close();
  }
  // What was stopped midway has left timers.
  process.exit(status);
}
