/** `sallyport user export|erase`, over the admin API of a running instance. docs/privacy.md. */
import { createInterface } from 'node:readline/promises'
import { type Invocation, UsageError } from '../command.ts'
import { orRefused, Refused } from '../refused.ts'
import { HOW_TO_FIND } from './how-to-find.ts'
import { askOfPerson } from './person.ts'

function personIn({ positionals }: Invocation): string {
  const [named, ...more] = positionals
  if (named === undefined || more.length > 0)
    throw new UsageError(`name one person by their sub or user name. ${HOW_TO_FIND}`)
  return named
}

export const userExport = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const callOf = (sub: string) => ({ method: 'GET', path: `/admin/users/${sub}/export` }) as const
    const { body } = await askOfPerson(invocation, personIn(invocation), callOf)
    console.log(JSON.stringify(body, null, 2))
  })

async function confirm(named: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError('nobody is there to be asked: give --yes')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const typed = await terminal.question(`This cannot be undone. To erase this person, type it again (${named}): `)
    if (typed.trim() !== named) throw new Refused('that is another: nothing was erased')
  } finally {
    terminal.close()
  }
}

const STILL_READ =
  'sallyport: another process reads the file of the store: what was erased leaves it as soon as that process is done.'

export const userErase = (invocation: Invocation): Promise<number> =>
  orRefused(async () => {
    const named = personIn(invocation)
    if (invocation.values.yes !== true) await confirm(named)
    const callOf = (sub: string) => ({ method: 'POST', path: `/admin/users/${sub}/erase` }) as const
    const { body } = await askOfPerson(invocation, named, callOf)
    if (invocation.values.json === true) return console.log(JSON.stringify(body, null, 2))
    console.log(`Erased. Sessions ended: ${body.sessions_ended}.`)
    if (body.files === 'blocked') console.error(STILL_READ)
  })
