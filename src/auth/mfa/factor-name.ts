/** What a person calls a passkey: one line of at most 64 characters, nothing that draws over its surroundings. */
const MAX_NAME = 64
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu

export function factorName(typed: string | undefined): string | undefined {
  const name = (typed ?? '').normalize('NFC').replaceAll(UNSEEN, '').replaceAll(/\s+/g, ' ').trim()
  return name === '' ? undefined : [...name].slice(0, MAX_NAME).join('')
}
