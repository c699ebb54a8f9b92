/** `net.lookup_ip_addr`: the addresses of a name, those that a policy may reach. */
import { EgressError } from '../../../egress/egress.ts'
import { EvaluationTimeout } from '../../engine.ts'
import { RegoSet } from '../../wasm/value.ts'
import { type Builtin, BuiltinError, PendingAnswer } from '../builtin.ts'
import { joinFlight } from '../http/flight.ts'
import { asString } from '../operands.ts'

const LOOK_UP_MS = 10_000

export const lookUpAddresses: Builtin = ({ outside }, operand) => {
  const name = asString(1, operand)
  if (outside === undefined) throw new BuiltinError('this evaluation may not ask anybody')
  throw new PendingAnswer((signal) =>
    joinFlight(outside, `net.lookup_ip_addr ${name}`, signal, async () => {
      try {
        return new RegoSet(await outside.egress.lookUp(name, LOOK_UP_MS))
      } catch (error) {
        if (!(error instanceof EgressError)) throw error
        outside.count(error.code === 'denied' ? 'denied' : 'failed')
        // No answer in time is no "there is none": the decision ends, as in OPA.
        throw error.code === 'timeout' ? new EvaluationTimeout(error.message) : new BuiltinError(error.message)
      }
    }),
  )
}
