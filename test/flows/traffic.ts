/** For tests: clients that never tire. Each code and each refresh token is used twice at once, on two nodes, and every answer is kept. */
import { Browser } from '../servers/browser.ts'
import type { Deployment } from '../servers/deployment.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, post } from './requests.ts'

const SCOPE = 'openid offline_access orders:read'

export interface Kept {
  /** `redeem`: a code that is used once only. */
  readonly what: 'authorize' | 'redeem' | 'code' | 'refresh' | 'introspect'
  readonly status: number
  readonly body: Answer['body']
  readonly began: number
  readonly ended: number
}

/** One code or refresh token, and all that came of it. */
export interface Spending {
  readonly what: 'code' | 'refresh'
  readonly answers: readonly Kept[]
}

export interface Traffic {
  readonly kept: readonly Kept[]
  readonly spendings: readonly Spending[]
  stop(): Promise<void>
}

export interface TrafficOptions {
  /** Where requests go, in turn. */
  readonly nodes: readonly string[]
  readonly workers: number
  /** Asked about without end: it is live throughout. */
  readonly liveToken: string
}

export async function startTraffic(deployment: Deployment, options: TrafficOptions): Promise<Traffic> {
  const { nodes } = options
  const { web, resourceServer } = deployment.population
  const kept: Kept[] = []
  const spendings: Spending[] = []
  let running = true

  const keep = async (what: Kept['what'], ask: () => Promise<Pick<Answer, 'status' | 'body'>>): Promise<Kept> => {
    const began = performance.now()
    const { status, body } = await ask()
    const answer = { what, status, body, began, ended: performance.now() }
    kept.push(answer)
    return answer
  }
  /** At once on every node, and once more where none could tell. */
  const spend = async (what: Spending['what'], form: Readonly<Record<string, string>>): Promise<Kept | undefined> => {
    const onAll = () =>
      Promise.all(nodes.map((issuer) => keep(what, () => post({ issuer }, '/oauth/token', web, form))))
    let answers = await onAll()
    if (answers.every(({ status }) => status === 503)) answers = [...answers, ...(await onAll())]
    spendings.push({ what, answers })
    return answers.find(({ status }) => status === 200)
  }
  /** On the way through the pages of a sign-in. */
  const unavailable = (error: unknown): 503 => {
    if (String(error).includes(': 503 ')) return 503
    throw error
  }
  const authorize = async (browser: Browser, url: string): Promise<string | undefined> => {
    let code: string | undefined
    await keep('authorize', async () => {
      const page = await browser.visit(url)
      const { status } = page
      // Families are ended here by the dozen: policy ends the session that they were given in, and its person signs in anew.
      const ended = page.left === undefined && status === 200 && page.url.includes('/login')
      const left = ended ? await browser.authorize(url, deployment.population.user).catch(unavailable) : page.left
      if (left === 503) return { status: 503, body: {} }
      code = left?.searchParams.get('code') ?? undefined
      const error = left?.searchParams.get('error')
      if (code !== undefined) return { status: 200, body: {} }
      return { status: error === 'temporarily_unavailable' ? 503 : status, body: { error } }
    })
    return code
  }
  /** Spends codes twice, or redeems them once and spends refresh tokens twice: each in a family of its own, which that ends. */
  const work = async (browser: Browser, what: Spending['what']): Promise<void> => {
    const [issuer = ''] = nodes
    const rp = await discover(deployment.issuer, web)
    while (running) {
      const { url, verifier } = await begin(rp, SCOPE)
      const code = await authorize(browser, url)
      if (code === undefined) continue
      const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? ''
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
      if (what === 'code') await spend(what, form)
      else {
        const { body } = await keep('redeem', () => post({ issuer }, '/oauth/token', web, form))
        const token = body.refresh_token
        if (typeof token === 'string') await spend(what, { grant_type: 'refresh_token', refresh_token: token })
      }
    }
  }
  const introspect = async (issuer: string): Promise<void> => {
    const token = options.liveToken
    while (running) await keep('introspect', () => post({ issuer }, '/oauth/introspect', resourceServer, { token }))
  }

  const browsers = await Promise.all(
    Array.from({ length: 2 * options.workers }, async () => {
      const browser = new Browser(deployment.issuer)
      await browser.authorize(
        (await begin(await discover(deployment.issuer, web), SCOPE)).url,
        deployment.population.user,
      )
      return browser
    }),
  )
  const loops = [
    ...browsers.map((browser, index) => work(browser, index % 2 ? 'code' : 'refresh')),
    ...nodes.map(introspect),
  ]
  const all = Promise.all(loops)
  all.catch(() => {})
  return {
    kept,
    spendings,
    stop: async () => {
      running = false
      await all
    },
  }
}
