/** The OpenAPI 3.1 document of the auth service, made of the table of routes. Public: it says no more than the table. */
import type { Reply } from '../../http/message.ts'
import type { Route } from '../route.ts'
import type { OperationDescription } from './operation-description.ts'
import { OPERATIONS } from './operations.ts'

type Described = Pick<Route, 'method' | 'path' | 'source' | 'decision' | 'errors' | 'anyOrigin'>

const FORM = 'application/x-www-form-urlencoded'
/** In which form an error is written, by the column of the table. */
const ERROR_TYPES: Readonly<Record<Route['errors'], string>> = {
  oauth: 'application/json',
  bearer: 'application/json',
  registration: 'application/json',
  scim: 'application/scim+json',
  problem: 'application/problem+json',
  page: 'text/html',
}
const ERRORS: Readonly<Record<number, string>> = {
  400: 'the request is malformed, or refused by the decision',
  401: 'who asks is not known',
  403: 'the decision denies it',
  404: 'there is nothing at the address',
  405: 'another method',
  409: 'it collides with what is there',
  412: 'it has changed meanwhile',
  413: 'the body is too large',
  415: 'the body is of another media type, or compressed',
  429: 'too many requests; Retry-After says when',
  503: 'a decision or the store cannot be had; Retry-After says when',
}

const text = { type: 'string' }

function requestBody({ parameters, required, json }: OperationDescription, hasForm: boolean): object | undefined {
  const type = json === undefined ? FORM : 'application/json'
  if (json !== undefined) return { content: { [type]: { schema: json } } }
  if (!hasForm || parameters === undefined) return undefined
  const properties = Object.fromEntries(parameters.map((name) => [name, text]))
  return { content: { [type]: { schema: { type: 'object', properties, ...(required && { required }) } } } }
}

/** Which of ERRORS a route can answer. */
function canAnswer(status: number, { method, path, decision, errors }: Described, hasBody: boolean): boolean {
  const isWrite = method !== 'GET' && (errors === 'problem' || errors === 'scim')
  const isNamed = /\/:(id|name)\b/.test(path)
  switch (status) {
    case 401:
    case 403:
      return decision !== 'public'
    case 404:
      return isNamed
    case 409:
      return isWrite
    case 412:
      return isWrite && isNamed && method !== 'POST'
    case 413:
    case 415:
      return hasBody
    default:
      return true
  }
}

function operationOf(route: Described): object {
  const { method, path, source, decision, errors, anyOrigin } = route
  const description = OPERATIONS[`${method} ${path}`]
  if (description === undefined) throw new Error(`${method} ${path} is not described in src/auth/openapi/operations.ts`)
  const { summary, parameters = [], answers = [200], errors: further = [] } = description
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: text }))
  const hasForm = method === 'POST' || method === 'PUT'
  const inQuery = hasForm ? [] : parameters.map((name) => ({ name, in: 'query', schema: text }))
  const body = requestBody(description, hasForm)
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_all, next: string) => next.toUpperCase())}`,
    summary,
    description: [
      decision === 'public' ? `${source}. Public.` : `${source}. Asks the decision \`${decision}\`.`,
      ...(anyOrigin ? ['Pages of any origin may call it (CORS).'] : []),
    ].join(' '),
    ...(inPath.length + inQuery.length > 0 && { parameters: [...inPath, ...inQuery] }),
    ...(body !== undefined && { requestBody: body }),
    responses: {
      ...Object.fromEntries(answers.map((status) => [status, { description: 'done' }])),
      ...Object.fromEntries(
        Object.entries(ERRORS)
          .filter(
            ([status]) =>
              further.includes(Number(status)) ||
              canAnswer(Number(status), route, method !== 'GET' && body !== undefined),
          )
          .map(([status, told]) => [status, { description: told, content: { [ERROR_TYPES[errors]]: {} } }]),
      ),
    },
  }
}

export function openApiDocument(issuer: string, version: string, routes: readonly Described[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sallyport',
      version,
      summary: 'OAuth 2.1 and OpenID Connect, SCIM and administration; every decision by policy',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: issuer }],
    paths,
    components: {
      securitySchemes: {
        client: { type: 'http', scheme: 'basic', description: 'a client, RFC 6749 2.3.1; others by its metadata' },
        bearer: { type: 'http', scheme: 'bearer', description: 'an access token of ours, RFC 6750' },
      },
    },
    security: [{ client: [] }, { bearer: [] }, {}],
  }
}

const MAX_AGE_SECONDS = 5 * 60

/** Answers the document, which is written once. */
export function openApi(issuer: string, version: string, routes: readonly Described[]): () => Promise<Reply> {
  const body = JSON.stringify(openApiDocument(issuer, version, routes))
  const headers = { 'content-type': 'application/json', 'cache-control': `public, max-age=${MAX_AGE_SECONDS}` }
  return async () => ({ status: 200, headers, body })
}
