// The HTTP application: what every request goes through, and the routes. It listens nowhere; a test injects requests.
import multipart from '@fastify/multipart';
import Fastify, { type FastifyError, type FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { v7 } from 'uuid';
import { CodedError, errorDefinitions } from '../error.ts';
import { checkAccess } from './protocol/access.ts';
import type { App, AppDependencies, RouteContext } from './dependencies.ts';
import { registerDocumentation } from './documentation.ts';
import { fieldProblems, type SchemaError } from './protocol/field-problems.ts';
import { takeJsonBodies } from './protocol/json-body.ts';
import { mostFormFiles } from './upload/form-files.ts';
import { problemOf, problemType, sendProblem, toCodedError } from './protocol/problem.ts';
import { prepareParameters } from './protocol/query.ts';
import { attemptRoutes } from './routes/attempts.ts';
import { auditRoutes } from './routes/audit.ts';
import { checkpointRoutes } from './routes/checkpoints.ts';
import { deletionRoutes } from './routes/deletions.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { estimateRoutes } from './routes/estimate.ts';
import { evaluationRowRoutes } from './routes/evaluation-rows.ts';
import { experimentEventRoutes } from './routes/experiment-events.ts';
import { actionRoutes } from './routes/actions.ts';
import { experimentItemRoutes, experimentRoutes } from './routes/experiments.ts';
import { forkRoutes } from './routes/fork.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { metricRoutes } from './routes/metrics.ts';
import { modelDownloadRoutes } from './routes/model-download.ts';
import { modelRoutes } from './routes/models.ts';
import { notSupportedRoutes } from './routes/not-supported.ts';
import { operationRoutes } from './routes/operations.ts';
import { predictionRoutes } from './routes/predictions.ts';
import { proofRoutes } from './routes/proof.ts';
import { verificationRoutes } from './routes/verifications.ts';
import { storedReportRoutes } from './routes/stored-reports.ts';
import { wasteRoutes } from './routes/waste.ts';
import { refuseUnstorableText } from './protocol/text-safety.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route does not read its query, and refuses every request for another reason. */
    takesAnyQuery?: boolean;
  }
}

/** A JSON body may have so many bytes; files of forms have limits of their own. */
const maximumJsonBytes = 2 * 1024 * 1024;
/** An id in a path is never longer; a longer one is answered like any that does not exist. */
const longestPathParameter = 500;

const routes: readonly ((app: App, context: RouteContext) => void)[] = [
  experimentRoutes,
  estimateRoutes,
  experimentItemRoutes,
  actionRoutes,
  forkRoutes,
  deletionRoutes,
  experimentEventRoutes,
  metricRoutes,
  checkpointRoutes,
  attemptRoutes,
  storedReportRoutes,
  ledgerRoutes,
  proofRoutes,
  verificationRoutes,
  evaluationRowRoutes,
  modelDownloadRoutes,
  predictionRoutes,
  auditRoutes,
  wasteRoutes,
  datasetRoutes,
  modelRoutes,
  operationRoutes,
  notSupportedRoutes,
];

/** Builds the application over its dependencies, ready for requests. */
export async function buildApp(dependencies: AppDependencies): Promise<App> {
  const app = createFastify();
  const closing = new AbortController();
  app.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  addChecks(app);
  addErrorAnswers(app, dependencies);
  await app.register(multipart, {
    throwFileSizeLimit: false,
    // The size of files is limited where they are stored, by what their kind allows.
    limits: {
      fileSize: Number.MAX_SAFE_INTEGER,
      files: mostFormFiles,
      fields: mostFormFiles,
      parts: 2 * mostFormFiles,
    },
  });
  await registerDocumentation(app);
  for (const register of routes) register(app, { ...dependencies, closing: closing.signal });
  await app.ready();
  return app;
}

function createFastify(): App {
  const app = Fastify({
    logger: false,
    bodyLimit: maximumJsonBytes,
    genReqId: () => v7(),
    routerOptions: { maxParamLength: longestPathParameter },
    return503OnClosing: false,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true, verbose: true } },
    schemaErrorFormatter: (errors) =>
      new CodedError('invalid_request', 'The request does not have the form that this path takes.', {
        problems: fieldProblems(errors as readonly SchemaError[]),
      }),
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply);
    },
    clientErrorHandler: answerBrokenRequest,
  }) as unknown as App;
  // Bodies are JSON or forms; the framework would take plain text too.
  app.removeContentTypeParser('text/plain');
  takeJsonBodies(app);
  // Answers are made of the documented types; nothing is left out of them on the way, and the tests hold them to it.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}

function addChecks(app: App): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    checkAccess(request.headers, request.raw.rawHeaders);
    refuseEncodedBody(request.headers['content-encoding']);
    done();
  });
  app.addHook('preValidation', (request, _reply, done) => {
    const { config, schema } = request.routeOptions;
    if (!request.is404 && config.takesAnyQuery !== true && schema) prepareParameters(request);
    for (const part of [request.params, request.query, request.body]) refuseUnstorableText(part);
    done();
  });
}

/** Bodies are read as they come: what is compressed would be taken for what it is not. */
function refuseEncodedBody(encoding: string | undefined): void {
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity')
    throw new CodedError('unsupported_media_type', 'Bodies with a Content-Encoding are not taken.');
}

/** Whatever fails because the client cut its connection is no fault of the server's. */
function faultOf(error: unknown, { raw }: FastifyRequest): unknown {
  if (error instanceof CodedError || !raw.errored) return error;
  return new CodedError('invalid_request', 'The body ended before its end.', { cause: error });
}

function addErrorAnswers(app: App, { log }: AppDependencies): void {
  app.setErrorHandler<FastifyError>((thrown, request, reply) => {
    const error = faultOf(thrown, request);
    const { code } = toCodedError(error);
    if (errorDefinitions[code].status >= 500)
      log.error(
        { err: error, requestId: request.id, method: request.method, route: request.routeOptions.url },
        code,
      );
    // What is still coming of a refused body is let through to nowhere, so that the client gets to read the answer.
    if (!request.raw.readableEnded) request.raw.unpipe().resume();
    return sendProblem(error, request, reply);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new CodedError('not_found', 'No such path, or not with this method.'), request, reply),
  );
}

/** Bytes that are no HTTP request get an answer without one. */
function answerBrokenRequest(error: Error, socket: Socket): void {
  if (!socket.writable) return;
  const coded = new CodedError('invalid_request', 'The bytes received are not a valid HTTP request.', {
    cause: error,
  });
  const problem = problemOf(coded, '/', v7());
  const body = JSON.stringify(problem);
  const head = [
    'HTTP/1.1 400 Bad Request',
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${body}`);
}
