/** `threats`: from when on something is a signal of an attack, and where places are looked up. Answers are policy's. */
import { Type } from '../../schema/type.ts'
import { path, section } from '../keywords.ts'

export const threats = section(
  {
    places_file: Type.Optional(
      path(
        'where addresses are: a MaxMind DB (`.mmdb`), or a CSV of network, country, latitude, longitude; none: unknown. It is read again when it changes',
      ),
    ),
    travel_kilometres: Type.Integer({
      minimum: 1,
      maximum: 20_000,
      default: 300,
      description: 'shorter journeys between two sign-ins are never impossible',
    }),
    travel_kilometres_per_hour: Type.Integer({
      minimum: 100,
      maximum: 100_000,
      default: 1_000,
      description: 'a longer journey that would need more is',
    }),
    surge_floor: Type.Integer({
      minimum: 1,
      maximum: 100_000_000,
      default: 100,
      description: 'failed sign-ins in ten minutes, of everybody, that are no surge yet',
    }),
    introspection_floor: Type.Integer({
      minimum: 1,
      maximum: 100_000_000,
      default: 3_000,
      description: 'introspections of a client in a minute that are no spike yet',
    }),
  },
  'signals of attacks',
)
