/** The page of an error, for whoever reads it. */
import { errorPage } from '../../../web/error.ts'
import { readBy } from '../../../web/reader.ts'
import type { PageError } from '../../http/error-answer.ts'
import type { Reply } from '../../http/message.ts'
import { type ReadingDeps, readerFrom } from './reading.ts'

export const renderErrorPage =
  (deps: ReadingDeps) =>
  (error: PageError): Reply => ({
    status: error.status,
    ...readBy(readerFrom(deps, error.headers), () => errorPage(error)),
  })
