/** Parameters that several endpoints read the same way. RFC 6749 3.1 to 3.3, RFC 8707 2. */
import type { Params } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'

/** `resource` alone may come more than once. Unknown names are ignored, but not twice: nobody sends them so by honest means. */
export function refuseRepeated(params: Params): void {
  for (const name of params.repeated)
    if (name !== 'resource') throw new OAuthError('invalid_request', { detail: 'A parameter was sent more than once.' })
}

export function required(params: Params, name: string): string {
  const value = params.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', { detail: `The parameter ${name} is missing.` })
  return value
}

/** RFC 6749 3.3: scope-token. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/
const MAX_SCOPES = 100

export function readScopes(params: Params): string[] {
  const scopes = [...new Set(params.get('scope')?.split(' ') ?? [])]
  if (scopes.length > MAX_SCOPES || !scopes.every((scope) => SCOPE.test(scope))) throw new OAuthError('invalid_scope')
  return scopes
}

const MAX_RESOURCES = 20
const MAX_RESOURCE_LENGTH = 2048

/** RFC 8707 2: an absolute URI without fragment. */
function isResource(text: string): boolean {
  return text.length <= MAX_RESOURCE_LENGTH && /^[a-z][a-z0-9+.-]*:[\x21-\x7E]+$/i.test(text) && !text.includes('#')
}

export function readResources(params: Params): string[] {
  const resources = [...new Set(params.all('resource'))]
  if (resources.length > MAX_RESOURCES || !resources.every(isResource)) throw new OAuthError('invalid_target')
  return resources
}
