/** The passwords that guessing starts with: the list of @zxcvbn-ts/language-common, and what people append to them. ASVS 6.2.4. */

/** Loaded once somebody sets a password: most processes of a large deployment never see one. */
let loading: Promise<ReadonlySet<string>> | undefined

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'])
}

/** Digits and signs around a common word, as in `Dragon2026!`. */
const MOST_AROUND = 5

export async function isCommonPassword(password: string): Promise<boolean> {
  loading ??= load()
  const common = await loading
  const folded = password.normalize('NFKC').toLowerCase()
  if (common.has(folded)) return true
  const word = folded.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '')
  return word !== '' && folded.length - word.length <= MOST_AROUND && common.has(word)
}
