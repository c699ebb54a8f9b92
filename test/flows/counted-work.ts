/** For tests: what a request costs, as calls of the store and of the password hasher, by name and in order. */
import { INBOX } from '../../src/auth/signals/receivers.ts'
import type { PasswordHasher } from '../../src/auth/user/password/hasher.ts'
import type { Store } from '../../src/storage/port.ts'

/** What the service asks by itself or now and then, whoever comes. */
const BY_ITSELF: ReadonlySet<unknown> = new Set(['signingKeys', 'logouts', 'chains', 'marks', 'platform'])
/** Of `threats`, the same: what other nodes set and noted. */
const POLLED: ReadonlySet<unknown> = new Set(['throttles', 'rises'])

/** Of `outbox` a request does one thing before it is answered: it writes its events into the inbox. The rest is done behind it. */
const isByRequest = (part: string | symbol, method: string | symbol, given: readonly unknown[]): boolean =>
  part === 'outbox' ? method === 'add' && given[1] === INBOX : !POLLED.has(method)

/** Every method of every part of it is written down by name; what it does stays. */
export function countedStore(store: Store, calls: string[]): Store {
  return new Proxy(store, {
    get(target, part) {
      const value: unknown = Reflect.get(target, part)
      if (typeof value !== 'object' || value === null || BY_ITSELF.has(part)) return value
      return new Proxy(value, {
        get: (inner, method) => {
          const run: unknown = Reflect.get(inner, method)
          if (typeof run !== 'function') return run
          return (...given: unknown[]) => {
            if (isByRequest(part, method, given)) calls.push(`${String(part)}.${String(method)}`)
            return Reflect.apply(run, inner, given)
          }
        },
      })
    },
  })
}

export const countedHasher = (hasher: PasswordHasher, calls: string[]): PasswordHasher => ({
  hash: (password) => {
    calls.push('hash')
    return hasher.hash(password)
  },
  verify: (password, stored) => {
    calls.push('verify')
    return hasher.verify(password, stored)
  },
  isCurrent: (stored) => hasher.isCurrent(stored),
})
