/** `/v1/bundles`: history and state of each bundle, and the four acts on one; `system.authz` lets operators act only. */
import { ACTIONS, type BundleAction, type BundleDesk, DeskError } from '../life/desk.ts'
import { ApiError, unavailable } from './api-error.ts'
import { inJson, PRETTY } from './descriptions.ts'
import { type ApiReply, type ApiRequest, type ApiRoute, json } from './exchange.ts'
import { answerResult } from './operations.ts'

const WHICH = {
  type: 'object',
  properties: { version: { type: 'integer', minimum: 0, description: 'of a bundle that is kept' } },
  additionalProperties: false,
}
const RECORD = inJson({ type: 'object', required: ['result'], properties: { result: { type: 'object' } } })
const RECORDS = inJson({ type: 'object', required: ['result'], properties: { result: { type: 'array' } } })

export function bundleRoutes(desk: BundleDesk): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/bundles',
      handler: 'v1/bundles',
      answer: async (request) => answerResult(await asked(() => desk.list()), request),
      describe: {
        id: 'bundles',
        summary: 'Each bundle with its state, and the versions that are kept of it',
        query: [PRETTY],
        answers: { 200: { text: 'the bundles', content: RECORDS } },
      },
    },
    {
      method: 'POST',
      path: '/v1/bundles/{path}',
      handler: 'v1/bundles',
      answer: (request) => act(desk, request),
      describe: {
        id: 'actOnBundle',
        summary: 'Acts on a bundle: `<name>/activate`, `<name>/rollback`, `<name>/pin`, `<name>/unpin`',
        text: 'Each is an audit event. A version that is rolled back to or pinned stays until `unpin`, over restarts.',
        body: inJson(WHICH),
        answers: {
          200: { text: 'the bundle after it', content: RECORD },
          404: { text: 'there is no such bundle, version or act', content: inJson({ type: 'object' }) },
          409: { text: 'the state of the bundle forbids it', content: inJson({ type: 'object' }) },
        },
      },
    },
  ]
}

async function act(desk: BundleDesk, request: ApiRequest): Promise<ApiReply> {
  const [name, action, ...rest] = request.rest
  if (name === undefined || !isAction(action) || rest.length > 0) {
    throw new ApiError('resource_not_found', `the acts on a bundle are ${ACTIONS.join(', ')}`)
  }
  const { version } = readWhich(await request.body())
  if (version !== undefined && (action === 'unpin' || action === 'activate')) {
    throw new ApiError('invalid_parameter', `${action} takes no version`)
  }
  const by = request.caller.identity ?? 'anonymous'
  const record = await asked(() => desk.act({ name, action, by, ...(version !== undefined && { version }) }))
  return json({ result: record })
}

const isAction = (text: string | undefined): text is BundleAction => ACTIONS.some((action) => action === text)

function readWhich(body: Uint8Array): { readonly version?: number } {
  let which: unknown
  try {
    which = JSON.parse(body.byteLength > 0 ? Buffer.from(body).toString('utf8') : '{}')
  } catch {
    throw new ApiError('invalid_parameter', 'the body is not valid JSON')
  }
  if (!isWhich(which)) throw new ApiError('invalid_parameter', 'the body takes `version`, an integer, only')
  return which
}

function isWhich(value: unknown): value is { readonly version?: number } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([key, version]) => key === 'version' && Number.isSafeInteger(version) && Number(version) >= 0,
  )
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof DeskError)) throw error
    if (error.code === 'unavailable') throw unavailable(error.message)
    throw new ApiError(error.code === 'not_found' ? 'resource_not_found' : 'conflict', error.message)
  }
}
