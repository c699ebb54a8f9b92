/** THE TABLE of the policy API: each address, what answers it, and how OpenAPI describes it. */
import { API_LIMITS, type ApiLimits } from '../listen.ts'
import { answerBatch } from './batch.ts'
import { bundleRoutes } from './bundles.ts'
import { answerData, answerDataV0, answerDefault, type DataDeps } from './data.ts'
import {
  ACKNOWLEDGED,
  ANY_INPUT,
  BATCH_ANSWER,
  BATCH_FLAGS,
  BATCH_QUESTION,
  DATA_ANSWER,
  DATA_FLAGS,
  DATA_QUESTION,
  DOCUMENT,
  HEALTH_ANSWERS,
  HEALTH_FLAGS,
  INPUT_PARAMETER,
  inJson,
  PRETTY,
  PURGE,
  RESULT_ANSWER,
} from './descriptions.ts'
import { eventsRoute } from './events.ts'
import type { ApiRoute } from './exchange.ts'
import { answerHealth, healthRules } from './health.ts'
import { openApiDocument } from './openapi.ts'
import { answerHeads, answerMetrics, answerResult, type OperationsDeps, purgeCache } from './operations.ts'

export interface RouteDeps extends OperationsDeps {
  readonly version: string
  readonly defaultDecision?: DataDeps['defaultDecision'] | undefined
  readonly limits?: Partial<ApiLimits>
}

const OPA_DEFAULT_DECISION = ['system', 'main']

export function apiRoutes(deps: RouteDeps): readonly ApiRoute[] {
  const routes = [...dataRoutes(deps), ...operationRoutes(deps), ...lifeRoutes(deps)]
  return [...routes, openApiRoute(deps.version, () => routes)]
}

const lifeRoutes = ({ desk, notices }: RouteDeps): ApiRoute[] => [
  ...(desk ? bundleRoutes(desk) : []),
  ...(notices ? [eventsRoute(notices)] : []),
]

function dataRoutes(deps: RouteDeps): ApiRoute[] {
  const data: DataDeps = { ...deps, defaultDecision: deps.defaultDecision ?? OPA_DEFAULT_DECISION }
  const { batchInputs, bodyBytes } = { ...API_LIMITS, ...deps.limits }
  const batch = { ...data, maxInputs: batchInputs, maxCommonBytes: 4 * bodyBytes }
  const read = {
    method: 'GET',
    handler: 'v1/data',
    answer: (request) => answerData(data, request),
  } as const satisfies Partial<ApiRoute>
  const asked = { ...read, method: 'POST' } as const
  const v0 = {
    method: 'POST',
    handler: 'v0/data',
    answer: (request) => answerDataV0(data, request),
  } as const satisfies Partial<ApiRoute>
  const of = (which: string) => `${which} under \`data\``
  return [
    {
      ...read,
      path: '/v1/data/{path}',
      describe: {
        id: 'getDocument',
        summary: of('A document'),
        query: [INPUT_PARAMETER, ...DATA_FLAGS],
        answers: DATA_ANSWER,
      },
    },
    {
      ...asked,
      path: '/v1/data/{path}',
      describe: {
        id: 'askDocument',
        summary: `${of('A document')}, for an input`,
        query: DATA_FLAGS,
        body: DATA_QUESTION,
        answers: DATA_ANSWER,
      },
    },
    {
      ...read,
      path: '/v1/data',
      describe: { id: 'getData', summary: of('All'), query: [INPUT_PARAMETER, ...DATA_FLAGS], answers: DATA_ANSWER },
    },
    {
      ...asked,
      path: '/v1/data',
      describe: {
        id: 'askData',
        summary: `${of('All')}, for an input`,
        query: DATA_FLAGS,
        body: DATA_QUESTION,
        answers: DATA_ANSWER,
      },
    },
    {
      method: 'POST',
      path: '/v1/batch/data/{path}',
      handler: 'v1/batch/data',
      answer: (request) => answerBatch(batch, request),
      describe: {
        id: 'askBatch',
        summary: `${of('A document')}, for each of many inputs`,
        query: BATCH_FLAGS,
        body: BATCH_QUESTION,
        answers: BATCH_ANSWER,
      },
    },
    {
      ...v0,
      path: '/v0/data/{path}',
      describe: {
        id: 'askDocumentV0',
        summary: `${of('A document')}; the body is the input, the answer the document`,
        query: [PRETTY],
        body: ANY_INPUT,
        answers: DOCUMENT,
      },
    },
    {
      ...v0,
      path: '/v0/data',
      describe: {
        id: 'askDataV0',
        summary: `${of('All')}; the body is the input, the answer the document`,
        query: [PRETTY],
        body: ANY_INPUT,
        answers: DOCUMENT,
      },
    },
    {
      method: 'POST',
      path: '/',
      handler: 'index',
      answer: (request) => answerDefault(data, request),
      describe: {
        id: 'askDefault',
        summary: 'The default decision; the body is the input, the answer the document',
        query: [PRETTY],
        body: ANY_INPUT,
        answers: DOCUMENT,
      },
    },
  ]
}

function operationRoutes(deps: RouteDeps): ApiRoute[] {
  const ruled = healthRules(deps)
  return [
    {
      method: 'GET',
      path: '/health',
      handler: 'health',
      answer: (request) => answerHealth(deps, request),
      describe: {
        id: 'health',
        summary: 'Whether a bundle is active',
        query: HEALTH_FLAGS,
        answers: HEALTH_ANSWERS,
      },
    },
    {
      method: 'GET',
      path: '/health/{path}',
      handler: 'health',
      answer: ruled,
      describe: {
        id: 'healthRule',
        summary: 'Whether the rule `data.system.health.<path>` is true; its input is the state of the plugins',
        answers: HEALTH_ANSWERS,
      },
    },
    {
      method: 'GET',
      path: '/v1/status',
      handler: 'v1/status',
      answer: (request) => answerResult(deps.status(), request),
      describe: {
        id: 'status',
        summary: 'What is active on each thread, and why a bundle was refused',
        query: [PRETTY],
        answers: RESULT_ANSWER,
      },
    },
    {
      method: 'GET',
      path: '/v1/audit/heads',
      handler: 'v1/audit/heads',
      answer: (request) => answerHeads(deps, request),
      describe: {
        id: 'heads',
        summary: 'The heads of the logs’ hash chains, which `sallyport audit verify` holds their files to',
        query: [PRETTY],
        answers: RESULT_ANSWER,
      },
    },
    {
      method: 'GET',
      path: '/v1/config',
      handler: 'v1/config',
      answer: (request) => answerResult(deps.config ?? {}, request),
      describe: {
        id: 'config',
        summary: 'The configuration in force, without credentials, secrets masked',
        query: [PRETTY],
        answers: RESULT_ANSWER,
      },
    },
    {
      method: 'GET',
      head: true,
      path: '/metrics',
      handler: 'metrics',
      answer: () => answerMetrics(deps, deps.version),
      describe: {
        id: 'metrics',
        summary: 'Metrics of all threads, Prometheus text format',
        answers: { 200: { text: 'the metrics', content: { 'text/plain': { type: 'string' } } } },
      },
    },
    {
      method: 'POST',
      path: '/v1/cache/purge',
      handler: 'v1/cache/purge',
      answer: (request) => purgeCache(deps, request),
      describe: { id: 'purge', summary: 'Empties the decision caches', body: inJson(PURGE), answers: ACKNOWLEDGED },
    },
  ]
}

function openApiRoute(version: string, others: () => readonly ApiRoute[]): ApiRoute {
  let body: string | undefined
  const route: ApiRoute = {
    method: 'GET',
    path: '/openapi.json',
    handler: 'openapi.json',
    answer: () => {
      body ??= JSON.stringify(openApiDocument(version, [...others(), route]))
      return { body: `${body}\n` }
    },
    describe: {
      id: 'openapi',
      summary: 'This description',
      answers: { 200: { text: 'OpenAPI 3.1', content: { 'application/json': { type: 'object' } } } },
    },
  }
  return route
}
