/** Rows `data-api`, `data-api-1mb`, `data-api-10mb`: POST /v1/data, whole processes, beside OPA's server on the same policies, data and inputs. */
import { join } from 'node:path'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { type Environment, ROOT } from '../environment.ts'
import { httpSide } from '../http-side.ts'
import type { LoadRequest } from '../load/message.ts'
import { ours } from '../ours/instance.ts'
import { opaServer } from '../peers/opa-server.ts'
import type { RowDefinition } from '../row.ts'
import { tokenInputs } from '../token-inputs.ts'
import { compareSides } from './compare.ts'

export const dataRequest = (path: string, body: unknown): LoadRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const row = (name: string, size: string, dataBytes: number): RowDefinition<Environment> => ({
  name,
  unit: 'requests per CPU second',
  latencyUnit: 'ms',
  about: `POST /v1/data/authz/token/decision, ${size} of data, 200 inputs in turn; access judged, decisions logged on disk`,
  peer: `opa run --server, same policies and data, decision log to a file on disk; access not judged`,
  target: [
    { of: 'ratio', is: '>=', value: 3 },
    { of: 'p99', is: '<=', value: 1 },
  ],
  async measure(environment) {
    const { options, folder, population, stopServers, driver } = environment
    await stopServers()
    const place = { root: ROOT, dataBytes }
    const instance = ours({ ...place, folder: join(folder, name), population, profileFolder: options.profileFolder })
    const opa = opaServer({ ...place, folder: join(folder, `${name}-opa`) })
    const requests = tokenInputs().map((input) => dataRequest(`/v1/data/${DECISIONS.token.entrypoint}`, { input }))
    try {
      const [left, right] = [await instance.running(), await opa.running()]
      const { policyOrigin } = await instance.prepared()
      const load = { requests, expect: '"allow":true' }
      return await compareSides(
        options,
        httpSide(driver, { ...load, server: left.server, origin: policyOrigin }),
        httpSide(driver, { ...load, server: right.server, origin: right.at.origin }),
      )
    } finally {
      await Promise.all([instance.stop(), opa.stop()])
    }
  },
})

export const dataApi: readonly RowDefinition<Environment>[] = [
  row('data-api', '10 KB', 10 * 1024),
  row('data-api-1mb', '1 MB', 1024 * 1024),
  row('data-api-10mb', '10 MB', 10 * 1024 * 1024),
]
