/** `sallyport bundle status|activate|rollback|pin|unpin`, over the policy API of a running instance. */
import type { BundleAction } from '../../policy-engine/life/desk.ts'
import { type Invocation, UsageError } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { actOnBundle, listBundles } from './call.ts'
import { report } from './report.ts'

const PLATFORM = 'sallyport'

export const bundleStatus = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const records = await listBundles(invocation)
    const [name] = invocation.positionals
    const shown = records.filter((record) => name === undefined || record.name === name)
    if (shown.length === 0) throw new Refused(`there is no bundle ${name}`)
    console.log(invocation.values.json === true ? JSON.stringify(shown, null, 2) : report(shown))
  })

export const bundleAct = (action: BundleAction, invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const { positionals, values } = invocation
    const [name = PLATFORM, stray] = positionals
    if (stray !== undefined) throw new UsageError(`bundle ${action} takes one name, not ${stray} as well`)
    const version = versionOf(values.version)
    const act = `${encodeURIComponent(name)}/${action}`
    const record = await actOnBundle(invocation, act, version === undefined ? {} : { version })
    console.log(values.json === true ? JSON.stringify(record, null, 2) : report([record]))
  })

function versionOf(given: Invocation['values'][string]): number | undefined {
  if (given === undefined) return undefined
  if (typeof given !== 'string' || !/^\d{1,15}$/.test(given))
    throw new UsageError('--version takes a number, as `sallyport bundle status` shows it')
  return Number(given)
}
