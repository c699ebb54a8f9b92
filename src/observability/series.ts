/** The series of a metric by its labels, in their order; each is looked up once, since a look-up hashes all labels anew. */

/** Only for labels that come from bounded sets: every combination is remembered. */
export function seriesOf<Series>(find: (...labels: string[]) => Series): (...labels: string[]) => Series {
  const found = new Map<string, Series>()
  return (...labels) => {
    const key = labels.join('\n')
    let series = found.get(key)
    if (series === undefined) {
      series = find(...labels)
      found.set(key, series)
    }
    return series
  }
}
