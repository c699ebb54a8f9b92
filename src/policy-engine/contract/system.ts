/** The platform's own entrypoints beside the decisions: log mask, log drop, and who may call the policy API. OPA's names. */
import { Type } from '../../schema/type.ts'
import { closed, strings } from './decision.ts'

/** Input of `system.authz` (OPA, "Authorization"): who calls which path of the policy API. */
export const SystemAuthzInput = Type.Object(
  {
    /** Name of the configured credential that the bearer token matched; absent for anonymous callers. */
    identity: Type.Optional(Type.String()),
    method: Type.String(),
    /** Path segments, unescaped: `/v1/data/authz` is `["v1","data","authz"]`. */
    path: strings(),
    /** Address of the connection. */
    client_address: Type.String(),
    /** True when the listener is bound to loopback. */
    loopback: Type.Boolean(),
  },
  closed,
)

/** The decision-log event that mask and drop read (OPA, "Decision Logs"): the fields ours always carry; more may follow. */
export const LogEventInput = Type.Object({
  decision_id: Type.String(),
  path: Type.String(),
  /** Who asked over the policy API; absent where the platform itself asked, with an input that was held to the contract. */
  requested_by: Type.Optional(Type.String()),
  input: Type.Optional(Type.Unknown()),
  result: Type.Optional(Type.Unknown()),
  timestamp: Type.String(),
  labels: Type.Optional(Type.Record(Type.String(), Type.String())),
})

/** A JSON pointer to remove, or an operation on one (OPA, "Masking Sensitive Data"). */
export const MaskResult = Type.Array(
  Type.Union([
    Type.String({ pattern: '^/(input|result|nd_builtin_cache)(/|$)' }),
    Type.Object(
      {
        op: Type.Unsafe<'remove' | 'upsert'>({ type: 'string', enum: ['remove', 'upsert'] }),
        path: Type.String({ pattern: '^/(input|result|nd_builtin_cache)(/|$)' }),
        value: Type.Optional(Type.Unknown()),
      },
      closed,
    ),
  ]),
)

export interface SystemEntrypoint {
  readonly entrypoint: 'system/log/mask' | 'system/log/drop' | 'system/log/line' | 'system/authz/allow'
  /** Schema name under `schema.` and source file under `policies/`. */
  readonly schema: string
  readonly file: string
  /** A bundle may lack it. */
  readonly optional?: true
}

export const SYSTEM_ENTRYPOINTS = [
  { entrypoint: 'system/log/mask', schema: 'system.log', file: 'system/log/mask.rego' },
  { entrypoint: 'system/log/drop', schema: 'system.log', file: 'system/log/drop.rego' },
  { entrypoint: 'system/log/line', schema: 'system.log', file: 'system/log/line.rego', optional: true },
  { entrypoint: 'system/authz/allow', schema: 'system.authz', file: 'system/authz.rego' },
] as const satisfies readonly SystemEntrypoint[]
