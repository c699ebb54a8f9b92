/** `sallyport config show` and `sallyport config schema`. */
import { publishedSchema } from '../config/schema.ts'
import { showConfig } from '../config/show.ts'
import type { Invocation } from './command.ts'

export async function configShow(invocation: Invocation): Promise<number> {
  process.stdout.write(showConfig(invocation.config()))
  return 0
}

export async function configSchema(): Promise<number> {
  console.log(JSON.stringify(publishedSchema(), null, 2))
  return 0
}
