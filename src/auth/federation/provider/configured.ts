/** The providers that the configuration names. Where it names none, none of what speaks to them is loaded. */
import type { Providers, ProvidersDeps } from './open.ts'
import type { ProviderOptions } from './options.ts'

const NONE: Providers = { find: () => undefined, all: [], close: async () => {} }

export async function configuredProviders(
  configured: readonly ProviderOptions[],
  deps: ProvidersDeps,
): Promise<Providers> {
  if (configured.length === 0) return NONE
  const { openProviders } = await import('./open.ts')
  return openProviders(configured, deps)
}
