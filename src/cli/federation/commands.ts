/** `sallyport federation test`: is an identity provider fit to be signed in at, and if not, what is wrong? */
import { inspectProvider } from '../../auth/federation/provider/inspect.ts'
import type { ProviderOptions } from '../../auth/federation/provider/options.ts'
import { systemClock } from '../../kernel/clock.ts'
import { type Invocation, UsageError } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { table } from '../table.ts'
import { federationProviders } from './settings.ts'

function chosen(all: readonly ProviderOptions[], names: readonly string[]): readonly ProviderOptions[] {
  if (all.length === 0) throw new Refused('no identity provider is configured: see federation.providers')
  if (names.length === 0) return all
  return names.map((name) => {
    const found = all.find(({ id }) => id === name)
    if (found === undefined)
      throw new UsageError(`there is no provider ${name}; there are ${all.map(({ id }) => id).join(', ')}`)
    return found
  })
}

export const federationTest = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const providers = chosen(federationProviders(invocation.config()), invocation.positionals)
    let wrong = 0
    for (const options of providers) {
      const findings = await inspectProvider(options, systemClock)
      wrong += findings.filter(({ state }) => state === 'wrong').length
      const rows = findings.map(({ what, state, text }) => [options.id, state, what, text])
      console.log(table([['PROVIDER', 'STATE', 'WHAT', 'FOUND'], ...rows]))
    }
    console.log('Register there as redirect URI:')
    for (const { id } of providers) console.log(`  ${invocation.config().issuer}/federation/callback/${id}`)
    if (wrong > 0) throw new Refused(`${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`)
  })
