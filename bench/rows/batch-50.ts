/** Row `batch-50`: what a caller with 50 questions asks of us at once, beside what it asks one after the other. */
import { join } from 'node:path'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { type Environment, ROOT } from '../environment.ts'
import { httpSide } from '../http-side.ts'
import { ours } from '../ours/instance.ts'
import type { RowDefinition } from '../row.ts'
import { tokenInputs } from '../token-inputs.ts'
import { compareSides } from './compare.ts'
import { dataRequest } from './data-api.ts'

const SIZE = 50
const { entrypoint } = DECISIONS.token

function batches(): readonly object[] {
  const inputs = tokenInputs()
  return Array.from({ length: inputs.length / SIZE }, (_, at) => ({
    inputs: Object.fromEntries(inputs.slice(at * SIZE, (at + 1) * SIZE).map((input, place) => [`q${place}`, input])),
  }))
}

export const batch50: RowDefinition<Environment> = {
  name: 'batch-50',
  unit: 'decisions per CPU second',
  latencyUnit: 'ms',
  about: `POST /v1/batch/data/${entrypoint}, 50 inputs each; one caller on one connection; each decision logged on disk`,
  peer: 'the same decisions of the same server, 50 requests one after the other on one connection',
  target: { of: 'ratio', is: '>=', value: 5 },
  async measure({ options, folder, population, stopServers, driver }) {
    await stopServers()
    const instance = ours({
      folder: join(folder, 'batch-50'),
      root: ROOT,
      population,
      profileFolder: options.profileFolder,
    })
    try {
      const { server } = await instance.running()
      const { policyOrigin: origin } = await instance.prepared()
      const load = { server, origin, expect: '"allow":true', concurrency: 1 }
      const many = batches().map((batch) => dataRequest(`/v1/batch/data/${entrypoint}`, batch))
      const single = tokenInputs().map((input) => dataRequest(`/v1/data/${entrypoint}`, { input }))
      return await compareSides(
        options,
        httpSide(driver, { ...load, requests: many, decisions: SIZE }),
        httpSide(driver, { ...load, requests: single }),
      )
    } finally {
      await instance.stop()
    }
  },
}
