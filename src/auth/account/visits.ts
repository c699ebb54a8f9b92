/**
 * Where requests under way come from, as their person may know it again. Security events name the request and never a person's
 * browser or network: whoever keeps those for the person (`record-activity.ts`) finds them here, while the request lasts.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { ActivityPlace } from '../../storage/activity-port.ts'
import type { Route } from '../route.ts'
import { placeOf } from '../session/sight.ts'

export interface Visits {
  /** The same table: for as long as a page of it answers, events of the request have a place. */
  over(table: readonly Route[]): readonly Route[]
  placeOf(requestId: string | undefined): ActivityPlace | undefined
}

/** ISO 3166-1 alpha-2 of an address; undefined where nothing says it. */
export type CountryOf = (address: string) => string | undefined

/** Where people act. Applications send them to /oauth/, and nothing happens to an account there that pages have not seen. */
const isPageOfPeople = ({ errors, path }: Route): boolean => errors === 'page' && !path.startsWith('/oauth/')

export function createVisits(countryOf: CountryOf = () => undefined): Visits {
  const underWay = new Map<string, HttpRequest>()
  const during =
    (handler: Route['handler']): Route['handler'] =>
    async (request) => {
      underWay.set(request.id, request)
      try {
        return await handler(request)
      } finally {
        underWay.delete(request.id)
      }
    }
  return {
    over: (table) =>
      table.map((route) => (isPageOfPeople(route) ? { ...route, handler: during(route.handler) } : route)),
    placeOf: (requestId) => {
      const request = requestId === undefined ? undefined : underWay.get(requestId)
      return request && placeOf(request, countryOf)
    },
  }
}
