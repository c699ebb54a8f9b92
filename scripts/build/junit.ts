/** Results of the policy tests in JUnit's XML, as CI systems read it. */
import type { PolicyTest } from './run-tests.ts'

export function junit(tests: readonly PolicyTest[]): string {
  const suites = Map.groupBy(tests, ({ suite }) => suite)
  const body = [...suites].map(([name, cases]) => {
    const failed = cases.filter(({ failure }) => failure !== undefined).length
    const head = `  <testsuite name="${escapeXml(name)}" tests="${cases.length}" failures="${failed}">`
    return [head, ...cases.map(testcase), '  </testsuite>'].join('\n')
  })
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...body, '</testsuites>', ''].join('\n')
}

function testcase({ suite, name, seconds, failure }: PolicyTest): string {
  const head = `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}" time="${seconds.toFixed(6)}"`
  return failure === undefined ? `${head}/>` : `${head}><failure message="${escapeXml(failure)}"/></testcase>`
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
