/** For tests: OPA's status report, field by field, unknown ones refused. */
import { Type } from '../../schema/type.ts'
import { compile } from '../../schema/validator.ts'

const closed = { additionalProperties: false }
/** What Go's time.Time reads: RFC 3339, also the zero time. */
const Time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)$' })
/** `UpdateRequestV1` of OPA 1.22.2, v1/plugins/status/plugin.go, with the structs that it names. */
const BundleReport = Type.Object(
  {
    name: Type.String(),
    active_revision: Type.Optional(Type.String()),
    last_successful_activation: Time,
    type: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['snapshot', 'delta'] })),
    size: Type.Optional(Type.Integer()),
    last_successful_download: Time,
    last_successful_request: Time,
    last_request: Time,
    code: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(Type.Unknown())),
    metrics: Type.Optional(Type.Record(Type.String(), Type.Number())),
    http_code: Type.Optional(Type.Number()),
  },
  closed,
)
const PluginReport = Type.Object(
  {
    state: Type.Unsafe<string>({ type: 'string', enum: ['NOT_READY', 'OK', 'ERROR', 'WARN'] }),
    message: Type.Optional(Type.String()),
  },
  closed,
)
const UpdateRequest = Type.Object(
  {
    labels: Type.Record(Type.String(), Type.String()),
    bundle: Type.Optional(BundleReport),
    bundles: Type.Optional(Type.Record(Type.String(), BundleReport)),
    discovery: Type.Optional(BundleReport),
    decision_logs: Type.Optional(Type.Object({ code: Type.Optional(Type.String()) })),
    metrics: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    plugins: Type.Optional(Type.Record(Type.String(), PluginReport)),
  },
  closed,
)
export const isUpdate = compile(UpdateRequest)
