/** Our side: a production instance of `sallyport serve` in one process, with 1,000 clients and 10,000 users in its store. */
import { type Contender, contender, type Prepared } from '../contender.ts'
import type { Population } from '../population.ts'

export interface OurInstance extends Prepared {
  readonly bundleFile: string
}

export interface InstanceOptions {
  readonly folder: string
  readonly root: string
  readonly population: Population
}

export const ours = (_options: InstanceOptions): Contender<OurInstance> =>
  contender(() => Promise.reject(new Error('not yet')))
