// The OpenAPI 3.1 document, made of the schemas that validate, and the page that shows it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { packageDirectory } from '../database/package-directory.ts';
import type { App } from './dependencies.ts';
import { problemSchema } from './schemas/answer.ts';
import { experimentSchema } from './schemas/experiment.ts';
import { evaluationSchema } from './schemas/evaluation.ts';
import { eventSchema } from './schemas/result.ts';
import { datasetSchema, fileExtensions, filesForm, modelSchema } from './schemas/upload.ts';

const forms: Readonly<Record<string, string>> = {
  '/datasets': `One file a split (${fileExtensions}); the field’s name is the split’s.`,
  '/models': 'The files of a Hugging Face folder.',
};

/** Registers the shared schemas, the document and its page. Call before the routes. */
export async function registerDocumentation(app: App): Promise<void> {
  for (const schema of [
    problemSchema,
    experimentSchema,
    eventSchema,
    evaluationSchema,
    datasetSchema,
    modelSchema,
  ])
    app.addSchema(schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'BERT Eval Coordinator',
        version: await packageVersion(),
        description: 'Durable, bit-for-bit reproducible fine-tuning and evaluation of BERT models.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: ['Experiments', 'Results', 'Datasets', 'Models', 'Operation'].map((name) => ({ name })),
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `Schema${index}`,
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      const { paths = {} } = document.openapiObject;
      markDefaultsOptional(paths);
      for (const [path, description] of Object.entries(forms)) {
        const operation = paths[path]?.post;
        if (operation) Object.assign(operation, { requestBody: filesForm(description) });
      }
      return document.openapiObject;
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

async function packageVersion(): Promise<string> {
  const text = await readFile(join(packageDirectory(), 'package.json'), 'utf8');
  // The project's own file.
  return (JSON.parse(text) as { readonly version: string }).version;
}

interface DocumentedParameter {
  required?: boolean;
  readonly schema?: { readonly default?: unknown };
}

/** Validation sees a parameter with a default always set; whoever sends it may leave it out. */
function markDefaultsOptional(paths: object): void {
  for (const operations of Object.values(paths) as Record<string, { parameters?: DocumentedParameter[] }>[])
    for (const { parameters = [] } of Object.values(operations))
      for (const parameter of parameters)
        if (parameter.schema?.default !== undefined) parameter.required = false;
}
