/** The source of places that the configuration names: its file is read again when it changes. None: nothing is known of places. */
import { readFileSync } from 'node:fs'
import { ConfigError } from '../../../kernel/errors.ts'
import { followFiles } from '../../../kernel/follow-files.ts'
import { csvPlaces } from './csv.ts'
import { mmdbPlaces } from './mmdb.ts'
import type { PlaceSource } from './places.ts'

export interface PlacesOptions {
  /** A MaxMind DB where its name ends in `.mmdb`, else a CSV of networks. */
  readonly file: string
  readonly everyMs?: number
}

export interface OpenPlaces extends PlaceSource {
  close(): void
}

const read = (file: string): PlaceSource =>
  file.endsWith('.mmdb') ? mmdbPlaces(readFileSync(file)) : csvPlaces(readFileSync(file, 'utf8'))

/** Throws ConfigError where the file cannot be used; one that comes later and cannot be leaves the old one in force. */
export function openPlaces(options: PlacesOptions | undefined, refused: (error: unknown) => void): OpenPlaces {
  if (options === undefined) return { find: () => undefined, close: () => undefined }
  const { file, everyMs } = options
  let source: PlaceSource
  const take = () => {
    source = read(file)
  }
  const follow = { files: [file], take, refuse: refused }
  const stop = followFiles({ ...follow, ...(everyMs !== undefined && { everyMs }) })
  try {
    take()
  } catch (cause) {
    stop()
    const why = cause instanceof Error ? cause.message : 'unknown'
    throw new ConfigError(`${file}: the places cannot be read: ${why}`, { cause })
  }
  return { find: (address) => source.find(address), close: stop }
}
