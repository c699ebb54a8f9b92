/** The endpoints of streams, each with what it uses. */
import type { Route } from '../route.ts'
import { type PollDeps, poll } from './poll.ts'
import { readStreams } from './read-streams.ts'
import { ssfConfiguration } from './ssf-configuration.ts'
import { readStreamStatus, updateStreamStatus } from './stream-status.ts'
import { verifyStream } from './verify-stream.ts'

export const signalHandlers = (deps: PollDeps) =>
  ({
    ssfConfiguration: () => ssfConfiguration(deps),
    readStreams: (request) => readStreams(deps, request),
    readStreamStatus: (request) => readStreamStatus(deps, request),
    updateStreamStatus: (request) => updateStreamStatus(deps, request),
    verifyStream: (request) => verifyStream(deps, request),
    poll: (request) => poll(deps, request),
  }) satisfies Readonly<Record<string, Route['handler']>>
