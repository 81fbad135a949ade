// What the contract names and the service cannot do yet: refused by name, so that a client can tell it from a mistake.
import type { HTTPMethods } from 'fastify';
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';

const paths: Readonly<Record<string, readonly HTTPMethods[]>> = {
  '/events': ['GET'],
  '/metrics': ['GET'],
  '/limits': ['GET'],
  '/experiments/:id': ['PATCH'],
  '/experiments/:id/logs': ['GET'],
};

/**
 * @throws CodedError, in the handlers: `not_supported`; `not_found` where the path names an experiment that there is
 * not.
 */
export function notSupportedRoutes(app: App, { repositories }: RouteContext): void {
  for (const [url, methods] of Object.entries(paths))
    app.route({
      url,
      method: [...methods],
      exposeHeadRoute: false,
      schema: { hide: true },
      config: { takesAnyQuery: true },
      handler: async (request) => {
        const { id } = request.params as { readonly id?: string };
        if (id !== undefined)
          await repositories.experiments.require({ projectId: defaultProject, experimentId: id });
        throw new CodedError('not_supported', `${request.method} ${url} is not supported yet.`);
      },
    });
}
