/** For tests: a real Chromium, and a site of its own that it can be sent to, as client or as attacker. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type BrowserContext, chromium, type LaunchOptions, type Page } from 'playwright-core'

const ARGUMENTS = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export interface ChromiumOptions {
  readonly javaScriptEnabled?: boolean
  readonly colorScheme?: 'light' | 'dark'
  /** For providers whose certificates are of a test's own authority. */
  readonly ignoreHTTPSErrors?: boolean
  readonly viewport?: { readonly width: number; readonly height: number }
}

export interface Chromium {
  readonly context: BrowserContext
  readonly page: Page
  /** What the browser complained about, e.g. a breach of a page's Content-Security-Policy. */
  readonly complaints: string[]
  close(): Promise<void>
}

/** `$CHROMIUM`, else the one on PATH that `make test` looked for. */
function executable(): string {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'))
  const found = [process.env.CHROMIUM, ...onPath].find((file) => file !== undefined && existsSync(file))
  if (found === undefined) throw new Error('no chromium on PATH; make test brings it')
  return found
}

/** A browser of its own, with a profile of its own. */
export async function openChromium(options: ChromiumOptions = {}): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const launch: LaunchOptions = { executablePath: executable(), args: ARGUMENTS }
  const context = await chromium.launchPersistentContext(profile, { ...launch, ...options })
  const complaints: string[] = []
  const page = context.pages()[0] ?? (await context.newPage())
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return {
    context,
    page,
    complaints,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

export interface Site {
  readonly origin: string
  /** Addresses it was asked for, with their queries. */
  readonly visits: URL[]
  /** What it answers, by path; any other path is a plain page. */
  readonly pages: Map<string, string>
  /** Forms that were posted to it. */
  readonly forms: URLSearchParams[]
  /** Where it sends the browser on to, by path. */
  readonly moves: Map<string, string>
  close(): Promise<void>
}

export async function openSite(host: '127.0.0.1' | '::1' = '127.0.0.1'): Promise<Site> {
  const visits: URL[] = []
  const pages = new Map<string, string>()
  const forms: URLSearchParams[] = []
  const moves = new Map<string, string>()
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', origin)
    if (request.method === 'POST') forms.push(new URLSearchParams(await text(request)))
    visits.push(url)
    const location = moves.get(url.pathname)
    if (location !== undefined) return response.writeHead(303, { location }).end()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(pages.get(url.pathname) ?? '<!doctype html><title>arrived</title>')
  })
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, host, done))
  const address = server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  const origin = `http://${host === '::1' ? '[::1]' : host}:${port}`
  return {
    origin,
    visits,
    pages,
    forms,
    moves,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
