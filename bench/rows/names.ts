/**
 * Rows `names-sign-in` and `names-reset`: how long a wrong password and a forgotten one take for a name that somebody has, and
 * for one that nobody has. Whoever measures from outside must not tell them apart: OWASP ASVS 6.3.8.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { type Environment, ROOT, type RunOptions } from '../environment.ts'
import { openForm } from '../form-visit.ts'
import { type OurInstance, ours, sqliteFile } from '../ours/instance.ts'
import type { Population } from '../population.ts'
import type { RowDefinition, Sample, Samples } from '../row.ts'
import { userRecord } from '../seed.ts'
import { percentile } from '../stats.ts'
import { authorizePath } from './http.ts'

/** Each is asked for once in a row: nothing of theirs is slowed down by what was tried before. */
const KNOWN = 20_000
const FIRST = 100_000

const nameOf = (index: number): string => userRecord(index).userName
/** As long as the names that somebody has. */
const nobodys = (index: number): string => nameOf(index).replace('user', 'none')

/** Another network each time, as far as our limits tell networks apart. */
const addressOf = (index: number): string =>
  [20 + (index % 180), Math.floor(index / 180) % 250, (index * 7) % 250, 1 + (index % 250)].join('.')

async function seedPeople(path: string): Promise<void> {
  const passwordHash = await createPasswordHasher().hash('the same for all of them')
  const store = await openSqliteStore({ path, clock: systemClock })
  try {
    for (let index = FIRST; index < FIRST + KNOWN; index++) {
      const user = userRecord(index)
      await store.users.create('default', { ...user, passwordHash, profile: { ...user.profile, emailVerified: true } })
    }
  } finally {
    await store.close()
  }
}

interface Question {
  readonly page: (at: OurInstance['at'], population: Population) => string
  readonly values: (userName: string) => Readonly<Record<string, string>>
  readonly status: number
}

const SIGN_IN: Question = {
  page: (at, { web }) => authorizePath(at, web),
  values: (username) => ({ username, password: 'not that one' }),
  status: 401,
}
const RESET: Question = { page: () => '/password/forgot', values: (username) => ({ username }), status: 200 }

type Ask = (name: (index: number) => string) => Promise<number>

/** Answers how long the POST took, in milliseconds; the page was opened beforehand. */
function asking(url: string, { values, status }: Question): Ask {
  let asked = 0
  return async (name) => {
    const index = asked++
    const form = await openForm(url, { 'x-forwarded-for': addressOf(index) })
    const answer = await form.send(values(name(FIRST + (index % KNOWN))))
    if (answer.status !== status) throw new Error(`${url}: ${answer.status}, not ${status}: ${answer.text}`)
    return answer.ms
  }
}

/** Its value is the tenth percentile: what an attacker who knows how to measure looks at, where little else disturbs. */
const sampleOf = (taken: readonly number[]): Sample => ({
  value: percentile(taken, 0.1),
  p50: percentile(taken, 0.5),
  p99: percentile(taken, 0.99),
})

/** One request at a time, of both kinds in turn: what else the machine does meets both alike. */
async function round(ask: Ask, seconds: number): Promise<readonly [Sample, Sample]> {
  const taken: readonly [number[], number[]] = [[], []]
  const endsAt = performance.now() + 2 * seconds * 1000
  for (let turn = 0; performance.now() < endsAt || turn === 0; turn++) {
    const knownFirst = turn % 2 === 0
    if (knownFirst) taken[0].push(await ask(nameOf))
    taken[1].push(await ask(nobodys))
    if (!knownFirst) taken[0].push(await ask(nameOf))
  }
  return [sampleOf(taken[0]), sampleOf(taken[1])]
}

async function rounds({ rounds, seconds, warmUpSeconds, progress }: RunOptions, ask: Ask): Promise<Samples> {
  await round(ask, warmUpSeconds)
  const taken = { ours: [] as Sample[], peer: [] as Sample[] }
  for (let count = 1; count <= rounds; count++) {
    const [known, unknown] = await round(ask, seconds)
    taken.ours.push(known)
    taken.peer.push(unknown)
    progress(`round ${count}/${rounds}: known ${known.value.toFixed(2)} ms, unknown ${unknown.value.toFixed(2)} ms`)
  }
  return taken
}

async function measure({ options, folder, population, stopServers }: Environment, question: Question) {
  await stopServers()
  const own = join(folder, `names-${question.status}`)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const instance = ours({
    ...{ folder: own, root: ROOT, population, profileFolder: options.profileFolder },
    configuration: {
      mail: { from: 'Bench <bench@example.com>', directory: join(own, 'mail') },
      // So that each request may come from a network of its own, and none of them is slowed down.
      threats: { surge_floor: 100_000_000 },
    },
    trustedProxies: ['127.0.0.1'],
  })
  try {
    const { at } = await instance.prepared()
    await seedPeople(sqliteFile(own))
    await instance.running()
    const url = at.origin + question.page(at, population)
    return await rounds(options, asking(url, question))
  } finally {
    await instance.stop()
  }
}

type Names = Omit<RowDefinition<Environment>, 'name' | 'about' | 'measure'>

const NAMES: Names = {
  unit: 'ms, tenth percentile',
  latencyUnit: 'ms',
  peer: 'the same for names that nobody has, of the same server',
  target: [
    { of: 'ratio', is: '>=', value: 0.9 },
    { of: 'ratio', is: '<=', value: 1.1 },
  ],
}

export const namesSignIn: RowDefinition<Environment> = {
  ...NAMES,
  name: 'names-sign-in',
  about: 'a wrong password, one at a time, for names that somebody has; the POST alone',
  measure: (environment) => measure(environment, SIGN_IN),
}

export const namesReset: RowDefinition<Environment> = {
  ...NAMES,
  name: 'names-reset',
  about: 'a forgotten password, one at a time, for names that somebody has, whose letters are written; the POST alone',
  measure: (environment) => measure(environment, RESET),
}
