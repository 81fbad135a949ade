// npm run openapi: writes openapi.json and schema.ts.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { generateFiles } from './document.ts';

const { document, types } = await generateFiles();
await writeFile(resolve('openapi', 'openapi.json'), document);
await writeFile(resolve('openapi', 'schema.ts'), types);
