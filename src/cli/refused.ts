/** What a running instance refused: said in one line, exit code 1. */

export class Refused extends Error {
  override readonly name = 'Refused'
  /** Of HTTP, where the instance answered. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

/** What a service said, with when to try again where it names seconds. RFC 9110 10.2.3. */
export function saidWhen(said: string, headers: Headers): string {
  const seconds = headers.get('retry-after') ?? ''
  return /^\d+$/.test(seconds) ? `${said.replace(/\.?$/, '.')} Try again in ${seconds} s.` : said
}

/** The exit code of a command that asks a running instance. */
export async function orRefused(run: () => Promise<void>): Promise<number> {
  try {
    await run()
    return 0
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    console.error(`sallyport: ${error.message}`)
    return 1
  }
}
