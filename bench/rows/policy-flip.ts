/** Row `policy-flip`: from saving `policies/authz/token.rego` to the first token that follows the new rule. */
import { type Environment, ROOT } from '../environment.ts'
import type { Running } from '../http-side.ts'
import { type PolicyEditor, startPolicyEditor } from '../ours/policy-editor.ts'
import { JWT_RESOURCE } from '../population.ts'
import type { RowDefinition, Sample } from '../row.ts'
import { fetchToken, tokenRequest } from './http.ts'

const FLIPS_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 5
/** The first save may come before the watcher watches: it is repeated until it is seen, and not counted. */
const SAVE_AGAIN_MS = 3000

async function tokenLifetime(environment: Environment, { at }: Running): Promise<unknown> {
  const [client] = environment.population.clients
  if (client === undefined) throw new Error('no client')
  const answer = await fetchToken(at, tokenRequest(at, client, environment.population.scope, JWT_RESOURCE))
  return answer.expires_in
}

/** Milliseconds until a token has this lifetime; undefined when none has within the time. */
async function untilFollowed(
  look: () => Promise<unknown>,
  seconds: number,
  withinMs: number,
): Promise<number | undefined> {
  const savedAt = performance.now()
  while (performance.now() - savedAt < withinMs) {
    if ((await look()) === seconds) return performance.now() - savedAt
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  return undefined
}

async function firstFlip(editor: PolicyEditor, look: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < FLIPS_WITHIN_MS / SAVE_AGAIN_MS; tries++) {
    editor.save(1000)
    if ((await untilFollowed(look, 1000, SAVE_AGAIN_MS)) !== undefined) return
  }
  throw new Error(`no token followed a saved policy; the watcher printed:\n${editor.output()}`)
}

export const policyFlip: RowDefinition<Environment> = {
  name: 'policy-flip',
  unit: 'ms from save to token',
  latencyUnit: 'ms',
  about: 'token.rego saved in place under the watcher of make run: compiled, signed, verified, activated, and obeyed',
  target: { of: 'ours', is: '<=', value: 1000 },
  async measure(environment) {
    const { options } = environment
    const instance = await environment.instance()
    const ours = await environment.ours.running()
    const editor = startPolicyEditor(ROOT, environment.folder, instance)
    const look = () => tokenLifetime(environment, ours)
    try {
      await firstFlip(editor, look)
      const taken: Sample[] = []
      for (let round = 1; round <= options.rounds; round++) {
        await editor.rested()
        editor.save(1000 + round)
        const value = await untilFollowed(look, 1000 + round, FLIPS_WITHIN_MS)
        if (value === undefined) throw new Error(`edit ${round} was not followed:\n${editor.output()}`)
        options.progress(`edit ${round}/${options.rounds}: ${value.toFixed(0)} ms`)
        taken.push({ value })
      }
      return { ours: taken, peer: [] }
    } finally {
      await editor.stop()
    }
  },
}
