/** Where the person is signed in, and the browsers known for them: each named as people know it, with a button that ends it. */

import { type Html, html } from '../html.ts'
import { moment } from '../moment.ts'
import type { Page } from '../page.ts'
import { hidden, notice } from '../parts/form.ts'
import { comma } from '../reader.ts'
import { SESSIONS } from '../words/account-sessions.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'
import { type LettersReach, toldByLetter } from './letters.ts'
import { browserWords } from './place.ts'

/** What was done just now. */
export type SessionsDone = 'ended' | 'others_ended' | 'forgotten'

interface Seen {
  /** This very one. */
  readonly current: boolean
  /** Names from lists of ours, or `other`. */
  readonly browser: string
  readonly system: string
  /** Seconds since the Unix epoch, as all times here. */
  readonly lastSeenAt: number
  readonly formToken: string
}

export interface SessionView extends Seen {
  readonly sid: string
  readonly networks: readonly string[]
  /** To a key of its device. */
  readonly bound: boolean
  readonly signedInAt: number
  readonly endsAt: number
}

export interface DeviceView extends Seen {
  readonly deviceId: string
  readonly firstSeenAt: number
  readonly rememberedUntil?: number | undefined
}

export interface SessionsView {
  readonly frame: AccountFrame
  readonly done?: SessionsDone | undefined
  readonly sessions: readonly SessionView[]
  readonly devices: readonly DeviceView[]
  readonly othersToken: string
  readonly letters: LettersReach
}

type Says = (typeof SESSIONS)['en']

/** The button says what it ends, also to who hears it out of its place. */
const form = (action: string, formToken: string, text: string, about: string): Html =>
  html`<form method="post" action="${action}">
${hidden('form_token', formToken)}<button type="submit" aria-describedby="${about}">${text}</button>
</form>
`

const heading = (frame: AccountFrame, id: string, seen: Seen, here: string): Html =>
  html`<h3 id="${id}">${browserWords(seen, frame)}${seen.current && html` <strong class="here">${here}</strong>`}</h3>
`

function sessionEntry(says: Says, frame: AccountFrame, session: SessionView, index: number): Html {
  const id = `session-${index + 1}`
  const action = `/account/sessions/${encodeURIComponent(session.sid)}/end`
  return html`<li>
${heading(frame, id, session, says.thisSession)}<p>${says.lastUsed(moment(session.lastSeenAt, frame))}</p>
<p class="note">${says.since(moment(session.signedInAt, frame), moment(session.endsAt, frame))}</p>
${session.networks.length > 0 && html`<p class="note">${says.network(session.networks.join(comma(frame.uiLocales)))}</p>`}
${session.bound && html`<p class="note">${says.bound}</p>`}
${session.current ? html`<p><a href="/logout">${says.signOut}</a></p>` : form(action, session.formToken, says.end, id)}</li>
`
}

function deviceEntry(says: Says, frame: AccountFrame, device: DeviceView, index: number): Html {
  const id = `device-${index + 1}`
  const { rememberedUntil: until } = device
  return html`<li>
${heading(frame, id, device, says.thisDevice)}<p>${says.lastSignIn(moment(device.lastSeenAt, frame))}</p>
<p class="note">${says.firstSignIn(moment(device.firstSeenAt, frame))}${
    until !== undefined && html` ${says.remembered(moment(until, frame))}`
  }</p>
${form(`/account/devices/${encodeURIComponent(device.deviceId)}/forget`, device.formToken, says.forget, id)}</li>
`
}

export function sessionsPage({ frame, done, sessions, devices, othersToken, letters }: SessionsView): Page {
  const says = words(SESSIONS, frame.uiLocales)
  const others = sessions.some(({ current }) => !current)
  return accountView(frame, {
    here: 'sessions',
    title: says.title,
    content: html`${done && notice(html`<p>${says[done]}</p>`)}<section aria-labelledby="sessions">
<h2 id="sessions">${says.signedIn}</h2>
<p class="note">${says.about}</p>
<ul class="entries">
${sessions.map((session, index) => sessionEntry(says, frame, session, index))}</ul>
${others && form('/account/sessions/end-others', othersToken, says.endOthers, 'sessions')}</section>
<section aria-labelledby="devices">
<h2 id="devices">${says.devices}</h2>
<p class="note">${says.aboutDevices} ${toldByLetter(frame, letters, says.toldOfOthers)}</p>
${
  devices.length === 0
    ? html`<p>${says.none}</p>`
    : html`<ul class="entries">
${devices.map((device, index) => deviceEntry(says, frame, device, index))}</ul>`
}
</section>`,
  })
}
