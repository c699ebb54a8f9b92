/** Threads of ours beside others: who gives way. */
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'

/** The nice value in /proc/…/stat, whose second field is a name in brackets (proc_pid_stat(5), field 19). */
const niceIn = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])

it.runIf(process.platform === 'linux')('gives way on its own thread, and leaves the others as they are', async () => {
  const before = niceIn(readFileSync('/proc/thread-self/stat', 'utf8'))
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData).then(({ giveWay }) => {
      giveWay(${before + 7})
      parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/stat', 'utf8'))
    })`
  const worker = new Worker(code, { eval: true, workerData: new URL('./threads.ts', import.meta.url).href })
  const stat = await new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await worker.terminate()
  expect(niceIn(stat)).toBe(before + 7)
  expect(niceIn(readFileSync('/proc/thread-self/stat', 'utf8'))).toBe(before)
})
