/** Codes and refresh tokens read `<grant id>.<secret>`: the id finds the slot, the secret's digest the record. RFC 6749 10.10. */
import { digestOf, randomSecret } from '../../kernel/ids.ts'

export interface Handle {
  readonly grantId: string
  /** SHA-256 of the secret half; the secret itself goes no further. */
  readonly digest: string
}

export function newHandle(grantId: string): { readonly text: string; readonly digest: string } {
  const secret = randomSecret()
  return { text: `${grantId}.${secret}`, digest: digestOf(secret) }
}

const HANDLE = /^([0-9a-f]{11}[A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/

/** Undefined for what was never a handle of ours. */
export function parseHandle(text: string): Handle | undefined {
  const [, grantId, secret] = HANDLE.exec(text) ?? []
  return grantId === undefined || secret === undefined ? undefined : { grantId, digest: digestOf(secret) }
}
