/** How `http.send` fails: undefined for the policy, or with `raise_error: false` an answer that says so (OPA, "HTTP"). */
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'

/** OPA's: the network, or anything else. */
export type SendErrorCode = 'eval_http_send_network_error' | 'eval_http_send_internal_error'

/** The other side could not be asked. All else that fails is a BuiltinError of its own. */
export class NetworkFailure extends BuiltinError {
  /** Worth another try. */
  readonly transient: boolean
  constructor(message: string, transient: boolean) {
    super(message)
    this.transient = transient
  }
}

export function failureAnswer(error: BuiltinError): Value {
  const network = error instanceof NetworkFailure
  const code: SendErrorCode = network ? 'eval_http_send_network_error' : 'eval_http_send_internal_error'
  const message = network ? error.message : `${error.code}: http.send: ${error.message}`
  return RegoObject.fromRecord({ status_code: 0, error: RegoObject.fromRecord({ code, message }) })
}
