/** `sallyport user export|erase`, over the admin API of a running instance. docs/privacy.md. */
import { createInterface } from 'node:readline/promises'
import { adminApi } from '../admin/call.ts'
import { type Invocation, UsageError } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { HOW_TO_FIND } from './how-to-find.ts'

function subOf({ positionals }: Invocation): string {
  const [sub, ...more] = positionals
  if (sub === undefined || more.length > 0) throw new UsageError(`name one person by their sub. ${HOW_TO_FIND}`)
  return encodeURIComponent(sub)
}

export const userExport = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const path = `/admin/users/${subOf(invocation)}/export`
    const { body } = await adminApi(invocation).call({ method: 'GET', path })
    console.log(JSON.stringify(body, null, 2))
  })

async function confirm(sub: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError('nobody is there to be asked: give --yes')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const typed = await terminal.question(`This cannot be undone. To erase this person, type the sub again (${sub}): `)
    if (typed.trim() !== sub) throw new Refused('that is another sub: nothing was erased')
  } finally {
    terminal.close()
  }
}

const STILL_READ =
  'sallyport: another process reads the file of the store: what was erased leaves it as soon as that process is done.'

export const userErase = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const sub = subOf(invocation)
    if (invocation.values.yes !== true) await confirm(decodeURIComponent(sub))
    const { body } = await adminApi(invocation).call({ method: 'POST', path: `/admin/users/${sub}/erase` })
    if (invocation.values.json === true) return console.log(JSON.stringify(body, null, 2))
    console.log(`Erased. Sessions ended: ${body.sessions_ended}.`)
    if (body.files === 'blocked') console.error(STILL_READ)
  })
