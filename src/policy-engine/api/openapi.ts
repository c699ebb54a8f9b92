/** The OpenAPI 3.1 document of the policy API, made of the table of routes: what is not in the table is not served. */
import { ApiFault, FLAG } from './descriptions.ts'
import type { ApiRoute } from './exchange.ts'
import type { AnswerDescription, ParameterDescription } from './openapi-types.ts'

export function openApiDocument(version: string, routes: readonly ApiRoute[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) }
    if (route.head === true) Object.assign(paths[route.path] ?? {}, { head: headOf(route) })
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sallyport policy API',
      version,
      summary: 'OPA’s Data API, and how the policy service does',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { certificate: [] }, {}],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'a credential of `policy.credentials`' },
        certificate: { type: 'mutualTLS', description: 'a certificate of `policy.tls.client_ca_file`' },
      },
      schemas: { Error: ApiFault },
    },
  }
}

function operationOf({ path, describe }: ApiRoute): object {
  const { id, summary, text, query = [], body, answers } = describe
  const parameters = [...(path.includes('{path}') ? [PATH] : []), ...query.map(queryParameter)]
  return {
    operationId: id,
    summary,
    ...(text !== undefined && { description: text }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { content: content(body) } }),
    responses: Object.fromEntries(
      Object.entries({ ...EVERYWHERE, ...answers }).map(([status, answer]) => [status, response(answer)]),
    ),
  }
}

const headOf = ({ describe, ...route }: ApiRoute): object =>
  operationOf({
    ...route,
    describe: {
      id: `${describe.id}Head`,
      summary: `${describe.summary}: headers only`,
      answers: { 200: { text: 'it is there' } },
    },
  })

/** OpenAPI knows no parameter that takes several segments; this one does. */
const PATH = {
  name: 'path',
  in: 'path',
  required: true,
  description: 'segments, split on `/` and then unescaped: `%2F` is part of a key',
  schema: { type: 'string' },
}

const queryParameter = ({ name, text, schema }: ParameterDescription) => ({
  name,
  in: 'query',
  description: text,
  schema,
  ...(schema === FLAG && { allowEmptyValue: true }),
})

const fault = (text: string): AnswerDescription => ({
  text,
  content: { 'application/json': { $ref: '#/components/schemas/Error' } },
})

/** What the server itself answers at any address. */
const EVERYWHERE: Readonly<Record<number, AnswerDescription>> = {
  400: fault('the request is malformed'),
  401: fault('a credential is needed, or the one shown is not valid'),
  403: fault('`system.authz` does not permit the request'),
  404: fault('there is nothing at the address'),
  405: fault('another method'),
  413: fault('the body is too large'),
  503: fault('no bundle is active, no decision can be had, or too many requests at once'),
}

const response = ({ text, content: types }: AnswerDescription) => ({
  description: text,
  ...(types !== undefined && { content: content(types) }),
})

const content = (types: Readonly<Record<string, object>>) =>
  Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]))
