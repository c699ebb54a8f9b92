/** What the configuration says of threats, as the auth service takes it. */
import type { ThreatOptions } from '../../auth/threat/open.ts'
import type { Config } from '../../config/schema.ts'

export const threatSettings = ({ threats }: Pick<Config, 'threats'>): ThreatOptions => ({
  rules: {
    travel: { kilometres: threats.travel_kilometres, kilometresPerHour: threats.travel_kilometres_per_hour },
    surgeFloor: threats.surge_floor,
    introspectionFloor: threats.introspection_floor,
  },
  ...(threats.places_file !== undefined && { places: { file: threats.places_file } }),
})
