/** The endpoints of streams, each with what it uses. */
import type { Route } from '../../route.ts'
import type { ManageDeps } from './configured-stream.ts'
import { createStream } from './create-stream.ts'
import { deleteStream } from './delete-stream.ts'
import { type PollDeps, poll } from './poll.ts'
import { readStreams } from './read-streams.ts'
import { ssfConfiguration } from './ssf-configuration.ts'
import { readStreamStatus, updateStreamStatus } from './stream-status.ts'
import { replaceStream, updateStream } from './update-stream.ts'
import { verifyStream } from './verify-stream.ts'

export const signalHandlers = (deps: PollDeps & ManageDeps) =>
  ({
    ssfConfiguration: () => ssfConfiguration(deps),
    readStreams: (request) => readStreams(deps, request),
    createStream: (request) => createStream(deps, request),
    updateStream: (request) => updateStream(deps, request),
    replaceStream: (request) => replaceStream(deps, request),
    deleteStream: (request) => deleteStream(deps, request),
    readStreamStatus: (request) => readStreamStatus(deps, request),
    updateStreamStatus: (request) => updateStreamStatus(deps, request),
    verifyStream: (request) => verifyStream(deps, request),
    poll: (request) => poll(deps, request),
  }) satisfies Readonly<Record<string, Route['handler']>>
