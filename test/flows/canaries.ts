/** For tests: secrets that can be told wherever they turn up, in any of the forms in which a log might hold them. */
import { randomBytes } from 'node:crypto'

export interface Canaries {
  /** A fresh one to be sent as `field`. */
  make(field: string): string
  /** One that the service made. */
  watch(field: string, secret: string): void
  /** Names of the fields whose secrets the text holds. */
  within(text: string): string[]
  readonly count: number
}

/** Shorter texts turn up by chance. */
const LEAST_LENGTH = 12
/** Starts all that are made here, so that a text without it is soon done with. */
const MARK = 'CanarySecret'

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  // Of three, one is right wherever it stands in what was encoded; its first and last characters depend on neighbours.
  const encoded = ['', 'x', 'xx'].map((before) =>
    Buffer.from(before + secret)
      .toString('base64')
      .slice(4, -5),
  )
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...encoded].map((form) => form.toLowerCase())
}

const MARKS = formsOf(MARK)

interface Known {
  readonly field: string
  readonly forms: readonly string[]
}

export function openCanaries(): Canaries {
  const made: Known[] = []
  const watched: Known[] = []
  const remember = (list: Known[], field: string, secret: string): void => {
    if (secret.length < LEAST_LENGTH) throw new Error(`${field} is no secret: ${secret}`)
    list.push({ field, forms: formsOf(secret) })
  }
  return {
    make(field) {
      const secret = `${MARK}${field.replaceAll(/\W/g, '')}${randomBytes(9).toString('hex')}`
      remember(made, field, secret)
      return secret
    },
    watch: (field, secret) => remember(watched, field, secret),
    within(text) {
      const lower = text.toLowerCase()
      const marked = MARKS.some((mark) => lower.includes(mark))
      const found = [...watched, ...(marked ? made : [])].filter(({ forms }) =>
        forms.some((form) => lower.includes(form)),
      )
      return [...new Set(found.map(({ field }) => field))]
    },
    get count() {
      return made.length + watched.length
    },
  }
}
