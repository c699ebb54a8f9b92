/** Waits for the end that SIGINT or SIGTERM asks for; a second signal ends at once. */

export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      for (const name of SIGNALS) process.off(name, onSignal).once(name, () => process.exit(130))
      resolve(signal)
    }
    for (const name of SIGNALS) process.once(name, onSignal)
  })
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
