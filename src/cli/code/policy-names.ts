/**
 * Scopes, roles and resources that the configuration names, against what the active policies know (data.rbac). These lie in
 * the signed bundle, so that nothing here changes them: the plan says what a bundle must bring first.
 */
import type { Config } from '../../config/schema.ts'
import { type Invocation, UsageError } from '../command.ts'
import { noAnswer } from '../no-answer.ts'
import { callerHeaders, policyAddress } from '../policy-address.ts'
import type { Code } from './desired.ts'

const DEADLINE_MS = 30_000

export interface ScopeLine {
  readonly scope: string
  readonly known: boolean
  readonly audience: readonly string[]
  readonly permissions: readonly string[]
  readonly clients: readonly string[]
}

export interface ResourceLine {
  readonly resource: string
  readonly servers: readonly string[]
  /** Scopes of the active policies whose tokens are for it. */
  readonly scopes: readonly string[]
}

export interface PolicyCheck {
  readonly scopes: readonly ScopeLine[]
  readonly resources: readonly ResourceLine[]
  readonly problems: readonly string[]
  /** Why nothing could be compared, where that is so. */
  readonly unchecked?: string
}

interface Known {
  readonly scopes: ReadonlyMap<string, Pick<ScopeLine, 'audience' | 'permissions'>>
  readonly roles: ReadonlySet<string>
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

function readKnown(rbac: unknown): Known | undefined {
  const { scopes, roles } = Object(rbac) as { readonly scopes?: unknown; readonly roles?: unknown }
  if (typeof scopes !== 'object' || scopes === null) return undefined
  const entries = Object.entries(scopes).map(([name, { audience, permissions }]) => {
    return [name, { audience: texts(audience), permissions: texts(permissions) }] as const
  })
  return { scopes: new Map(entries), roles: new Set(Object.keys(Object(roles))) }
}

async function askPolicies(config: Config, { values }: Invocation): Promise<Known | string> {
  const asked = {
    values: {
      ...(values['policy-url'] !== undefined && { url: values['policy-url'] }),
      ...(values['policy-token-file'] !== undefined && { 'token-file': values['policy-token-file'] }),
    },
  }
  const base = policyAddress(config, asked)
  try {
    const headers = callerHeaders(config, asked)
    const answer = await fetch(new URL('/v1/data/rbac', base), { headers, signal: AbortSignal.timeout(DEADLINE_MS) })
    if (!answer.ok) return `the policy API at ${base} answers ${answer.status}: give --policy-token-file`
    const { result } = Object(await answer.json()) as { readonly result?: unknown }
    return readKnown(result) ?? `the policy API at ${base} shows no data.rbac`
  } catch (error) {
    if (error instanceof UsageError) throw error
    return `the policy API ${noAnswer(error, base, 'give --policy-url')}`
  }
}

/** Asks the policy API of the instance. */
export async function checkPolicyNames(config: Config, invocation: Invocation, code: Code): Promise<PolicyCheck> {
  const known = await askPolicies(config, invocation)
  return typeof known === 'string' ? compare(code, undefined, known) : compare(code, known)
}

function compare(code: Code, known: Known | undefined, unchecked?: string): PolicyCheck {
  const named = new Set([...code.scopes.map(({ scope }) => scope), ...code.clients.flatMap((c) => c.settings.scopes)])
  const scopes = [...named].sort().map((scope): ScopeLine => {
    const found = known?.scopes.get(scope)
    return {
      scope,
      known: found !== undefined,
      audience: found?.audience ?? [],
      permissions: found?.permissions ?? [],
      clients: code.clients.filter(({ settings }) => settings.scopes.includes(scope)).map(({ clientId }) => clientId),
    }
  })
  const resources = code.resources.map(({ resource, servers }): ResourceLine => {
    const leading = [...(known?.scopes ?? [])].filter(([, { audience }]) => audience.includes(resource))
    return { resource, servers, scopes: leading.map(([name]) => name) }
  })
  const problems =
    known === undefined ? [] : [...unknownScopes(scopes), ...unlike(code, known), ...unknownRoles(code, known)]
  return { scopes, resources, problems, ...(unchecked !== undefined && { unchecked }) }
}

const unknownScopes = (lines: readonly ScopeLine[]): readonly string[] =>
  lines
    .filter((line) => !line.known)
    .map(({ scope }) => `scope ${scope} is not in the active policies: add it to policies/rbac/data.yaml, and activate`)

function unlike({ scopes }: Code, known: Known): readonly string[] {
  return scopes.flatMap((wanted) => {
    const found = known.scopes.get(wanted.scope)
    if (found === undefined) return []
    return (['audience', 'permissions'] as const).flatMap((part) => {
      const names = wanted[part]
      const same = names === undefined || [...names].sort().join('\n') === [...found[part]].sort().join('\n')
      return same
        ? []
        : [
            `scope ${wanted.scope} has ${part === 'audience' ? 'another' : 'other'} ${part} in the active policies: ${found[part].join(', ') || 'none'}`,
          ]
    })
  })
}

function unknownRoles({ clients }: Code, known: Known): readonly string[] {
  const named = clients.flatMap(({ clientId, settings }) => settings.roles.map((role) => ({ clientId, role })))
  return named
    .filter(({ role }) => !known.roles.has(role))
    .map(({ clientId, role }) => `client ${clientId}: role ${role} is not in the active policies`)
}
