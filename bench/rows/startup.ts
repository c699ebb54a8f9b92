/** Row `startup`: from spawning the process to the first 200 of its health (ours) or discovery (peer) address. */
import type { Environment } from '../environment.ts'
import type { RowDefinition, Side } from '../row.ts'
import { type Start, startServer } from '../server-process.ts'
import { interleave } from '../summarise.ts'

const starts = (start: Start): Side => ({
  async sample() {
    const server = await startServer(start)
    await server.stop()
    return { value: server.readyMs }
  },
})

export const startup: RowDefinition<Environment> = {
  name: 'startup',
  unit: 'ms to ready',
  latencyUnit: 'ms',
  about: 'spawn to first 200; ours with 1,000 clients and 10,000 users in its store',
  peer: 'npm oidc-provider, in-memory adapter',
  target: { of: 'ours', is: '<=', value: 1500 },
  async measure({ options, ours, peer, stopServers }) {
    await stopServers()
    const [left, right] = [await ours.prepared(), await peer.prepared()]
    return interleave(starts(left.start), starts(right.start), options.rounds, 0, (round, our, their) =>
      options.progress(
        `round ${round}/${options.rounds}: ours ${our.value.toFixed(0)} ms, peer ${their.value.toFixed(0)} ms`,
      ),
    )
  },
}
