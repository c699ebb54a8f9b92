/** A browser that opens a page and sends its first form: what an attacker does who measures how long names take. */
import { request } from 'undici'
import { keepCookies } from './sign-in.ts'

const MAX_STEPS = 10

export interface OpenForm {
  /** Sends it and answers the status, and milliseconds until the whole answer was there. */
  send(
    values: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string; readonly ms: number }>
}

/** `headers` go with every request, e.g. where it comes from. */
export async function openForm(url: string, headers: Readonly<Record<string, string>>): Promise<OpenForm> {
  const cookies = new Map<string, string>()
  const sent = () => ({ ...headers, cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') })
  let at = url
  for (let step = 0; step < MAX_STEPS; step++) {
    const answer = await request(at, { headers: sent() })
    const text = await answer.body.text()
    keepCookies(cookies, answer.headers['set-cookie'])
    const { location } = answer.headers
    if (typeof location === 'string') {
      at = new URL(location, at).href
      continue
    }
    const [form, action] = /<form\b[^>]*\baction="([^"]*)"[\s\S]*?<\/form>/.exec(text) ?? []
    if (form === undefined || action === undefined)
      throw new Error(`${at} answered ${answer.statusCode} without a form: ${text.slice(0, 300)}`)
    const target = new URL(action.replaceAll('&amp;', '&'), at).href
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
    const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]))
    return { send: (values) => send(target, sent(), { ...fields, ...values }) }
  }
  throw new Error(`${url}: no end of redirects`)
}

async function send(url: string, headers: Readonly<Record<string, string>>, fields: Readonly<Record<string, string>>) {
  const body = new URLSearchParams(fields).toString()
  const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
  const before = performance.now()
  const answer = await request(url, { method: 'POST', headers: { ...headers, ...form }, body })
  const text = await answer.body.text()
  return { status: answer.statusCode, text, ms: performance.now() - before }
}
