/** `dpop`: what is asked of the proofs that bind tokens to a key (RFC 9449). */
import { Type } from '../../schema/type.ts'
import { oneOf, section } from '../keywords.ts'

export const dpop = section(
  {
    nonce: oneOf(['off', 'required'], {
      default: 'off',
      description: 'required: a proof must carry a nonce of ours, so that none can be made in advance',
    }),
    max_age_seconds: Type.Integer({
      minimum: 10,
      maximum: 300,
      default: 60,
      description: 'how long ago a proof may have been made',
    }),
  },
  'proofs of possession, RFC 9449',
)
