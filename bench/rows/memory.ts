/** Row `memory`: resident memory of both servers after the load of the rows before it. */
import type { Environment } from '../environment.ts'
import type { RowDefinition, Sample } from '../row.ts'
import type { ServerProcess } from '../server-process.ts'

const resident = (server: ServerProcess): Sample => ({ value: server.residentBytes() / 1e6 })

export const memory: RowDefinition<Environment> = {
  name: 'memory',
  unit: 'MB resident',
  latencyUnit: 'ms',
  about: 'VmRSS of the whole process after the load of the rows before it',
  peer: 'npm oidc-provider, in-memory adapter',
  target: { of: 'ours', is: '<=', value: 200 },
  async measure(environment) {
    const [ours, peer] = [await environment.ours.running(), await environment.peer.running()]
    return { ours: [resident(ours.server)], peer: [resident(peer.server)] }
  },
}
