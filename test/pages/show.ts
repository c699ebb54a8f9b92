/** For tests: serves the gallery to a browser as the service would serve its pages, headers and assets included. */
import { createServer } from 'node:http'
import { ASSETS, addressOf } from '../../web/assets.ts'
import { LANGUAGES, type Language } from '../../web/language.ts'
import type { Page } from '../../web/page.ts'
import { readBy } from '../../web/reader.ts'
import { PLAIN_THEME, type Theme } from '../../web/theme.ts'
import { GALLERY } from './gallery.ts'

export interface Exhibit {
  readonly name: string
  readonly state: string
  readonly language: Language
}

export const EXHIBITS: readonly Exhibit[] = Object.entries(GALLERY).flatMap(([name, states]) =>
  Object.keys(states).flatMap((state) => LANGUAGES.map((language) => ({ name, state, language }))),
)

export const pathOf = ({ name, state, language }: Exhibit): string => `/${name}/${state}/${language}`

export function shown(exhibit: Exhibit, theme: Theme = PLAIN_THEME): Page {
  const make = GALLERY[exhibit.name]?.[exhibit.state]
  if (make === undefined) throw new Error(`no ${exhibit.name} in the state ${exhibit.state}`)
  const addressIn = (language: Language) => pathOf({ ...exhibit, language })
  return readBy({ chosen: exhibit.language, accepted: [], addressIn, theme }, make)
}

export interface Show {
  readonly origin: string
  close(): Promise<void>
}

export async function openShow(theme?: Theme): Promise<Show> {
  const exhibits = new Map(EXHIBITS.map((exhibit) => [pathOf(exhibit), exhibit]))
  const assets = new Map(ASSETS.map((asset) => [addressOf(asset), asset]))
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    // What a script asks for by itself, e.g. whether there are passkeys: nothing.
    if (request.method === 'POST') return response.writeHead(204).end()
    const asset = assets.get(path)
    if (asset !== undefined) return response.writeHead(200, { 'content-type': asset.contentType }).end(asset.content)
    const exhibit = exhibits.get(path)
    if (exhibit === undefined) return response.writeHead(404).end()
    const { headers, body } = shown(exhibit, theme)
    return response.writeHead(200, headers).end(body)
  })
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  return {
    origin: `http://localhost:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
