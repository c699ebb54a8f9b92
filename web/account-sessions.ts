/** Where the person is signed in, and the browsers known for them: each named as people know it, with a button that ends it. */
import { type AccountFrame, accountView } from './account-frame.ts'
import { browserWords } from './account-place.ts'
import { type Html, html } from './html.ts'
import { moment } from './moment.ts'
import type { Page } from './page.ts'
import { hidden, notice } from './parts/form.ts'
import { SESSIONS } from './words/account-sessions.ts'
import { words } from './words/words.ts'

/** What was done just now. */
export type SessionsDone = 'ended' | 'others_ended' | 'forgotten'

interface Seen {
  /** This very one. */
  readonly current: boolean
  readonly browser?: string | undefined
  readonly system?: string | undefined
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
}

type Says = (typeof SESSIONS)['en']

const idOf = (kind: string, index: number): string => `${kind}-${index + 1}`

/** The button says what it ends, also to who hears it out of its place. */
function form(action: string, formToken: string, text: string, about: string): Html {
  return html`<form method="post" action="${action}">
${hidden('form_token', formToken)}<button type="submit" aria-describedby="${about}">${text}</button>
</form>`
}

const named = ({ browser = 'other', system = 'other' }: Seen, frame: AccountFrame): string =>
  browserWords({ browser, system }, frame)

function sessionEntry(says: Says, frame: AccountFrame, session: SessionView, index: number): Html {
  const id = idOf('session', index)
  const { current, networks, bound } = session
  return html`<li>
<h3 id="${id}">${named(session, frame)}${current && html` <strong class="here">${says.thisSession}</strong>`}</h3>
<p>${says.lastUsed(moment(session.lastSeenAt, frame))}</p>
<p class="note">${says.life(moment(session.signedInAt, frame), moment(session.endsAt, frame))}${
    networks.length > 0 && html` ${says.networks(networks.join(', '))}`
  }</p>
${bound && html`<p class="note">${says.bound}</p>`}
${
  current
    ? html`<p><a href="/logout">${says.signOutHere}</a></p>`
    : form(`/account/sessions/${encodeURIComponent(session.sid)}/end`, session.formToken, says.end, id)
}
</li>`
}

function deviceEntry(says: Says, frame: AccountFrame, device: DeviceView, index: number): Html {
  const id = idOf('device', index)
  const { rememberedUntil } = device
  return html`<li>
<h3 id="${id}">${named(device, frame)}${device.current && html` <strong class="here">${says.thisDevice}</strong>`}</h3>
<p>${says.lastSignIn(moment(device.lastSeenAt, frame))}</p>
<p class="note">${says.firstSignIn(moment(device.firstSeenAt, frame))}${
    rememberedUntil !== undefined && html` ${says.remembered(moment(rememberedUntil, frame))}`
  }</p>
${form(`/account/devices/${encodeURIComponent(device.deviceId)}/forget`, device.formToken, says.forget, id)}
</li>`
}

export function sessionsPage(view: SessionsView): Page {
  const { frame, sessions, devices, done } = view
  const says = words(SESSIONS, frame.uiLocales)
  const hasOthers = sessions.some(({ current }) => !current)
  return accountView(frame, {
    here: 'sessions',
    title: says.title,
    content: html`${done && notice(html`<p>${says.done[done]}</p>`)}<section aria-labelledby="sessions">
<h2 id="sessions">${says.signedIn}</h2>
<p class="note">${says.ending}</p>
<ul class="entries">
${sessions.map((session, index) => sessionEntry(says, frame, session, index))}
</ul>
${hasOthers && form('/account/sessions/end-others', view.othersToken, says.endOthers, 'sessions')}
</section>
<section aria-labelledby="devices">
<h2 id="devices">${says.devices}</h2>
${
  devices.length === 0
    ? html`<p>${says.none}</p>`
    : html`<p class="note">${says.devicesAre}</p>
<ul class="entries">
${devices.map((device, index) => deviceEntry(says, frame, device, index))}
</ul>`
}
</section>`,
  })
}
