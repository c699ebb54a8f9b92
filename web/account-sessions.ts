/** Where the person is signed in, and the browsers known for them: each named as people know it, with a button that ends it. */
import { type AccountFrame, accountView } from './account-frame.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page.ts'

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

const DONE: Readonly<Record<SessionsDone, string>> = {
  ended: 'The session was ended.',
  others_ended: 'All other sessions were ended.',
  forgotten: 'The device was forgotten.',
}

const TIMES = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

function time(seconds: number): Html {
  const at = new Date(seconds * 1000)
  return html`<time datetime="${at.toISOString()}">${TIMES.format(at)} UTC</time>`
}

function named({ browser = 'other', system = 'other' }: Seen): string {
  const [known, on] = [browser !== 'other', system !== 'other']
  if (known && on) return `${browser} on ${system}`
  return known ? browser : on ? `A browser on ${system}` : 'A browser'
}

const idOf = (kind: string, index: number): string => `${kind}-${index + 1}`

/** The button says what it ends, also to who hears it out of its place. */
function form(action: string, formToken: string, words: string, about: string): Html {
  return html`<form method="post" action="${action}">
<input type="hidden" name="form_token" value="${formToken}">
<button type="submit" aria-describedby="${about}">${words}</button>
</form>`
}

function sessionEntry(session: SessionView, index: number): Html {
  const id = idOf('session', index)
  return html`<li>
<h3 id="${id}">${named(session)}${session.current && html` <strong class="here">this session</strong>`}</h3>
<p>Last used ${time(session.lastSeenAt)}</p>
<p class="note">Signed in ${time(session.signedInAt)}, ends ${time(session.endsAt)} if it is not used${
    session.networks.length > 0 && html`. From network ${session.networks.join(', ')}`
  }.</p>
${session.bound && html`<p class="note">Bound to a key of the device: a copied cookie does not open it.</p>`}
${
  session.current
    ? html`<p><a href="/logout">Sign out here</a></p>`
    : form(`/account/sessions/${encodeURIComponent(session.sid)}/end`, session.formToken, 'End session', id)
}
</li>`
}

function deviceEntry(device: DeviceView, index: number): Html {
  const id = idOf('device', index)
  return html`<li>
<h3 id="${id}">${named(device)}${device.current && html` <strong class="here">this device</strong>`}</h3>
<p>Last sign-in ${time(device.lastSeenAt)}</p>
<p class="note">First sign-in ${time(device.firstSeenAt)}.${
    device.rememberedUntil !== undefined &&
    html` Remembered until ${time(device.rememberedUntil)}: a sign-in there may need no second step.`
  }</p>
${form(`/account/devices/${encodeURIComponent(device.deviceId)}/forget`, device.formToken, 'Forget device', id)}
</li>`
}

function others({ sessions, othersToken }: SessionsView): Html | undefined {
  if (!sessions.some(({ current }) => !current)) return undefined
  return form('/account/sessions/end-others', othersToken, 'End all other sessions', 'sessions')
}

export function sessionsPage(view: SessionsView): Page {
  return accountView(view.frame, {
    here: 'sessions',
    title: 'Devices and sessions',
    content: html`${view.done && html`<p class="lead" role="status">${DONE[view.done]}</p>`}
<section aria-labelledby="sessions">
<h2 id="sessions">Where you are signed in</h2>
<p class="note">Ending a session signs you out there, and takes from its apps what you gave them in it. If you do not know one
of these, end it and change your password.</p>
<ul class="entries">
${view.sessions.map(sessionEntry)}
</ul>
${others(view)}
</section>
<section aria-labelledby="devices">
<h2 id="devices">Known devices</h2>
${
  view.devices.length === 0
    ? html`<p>None.</p>`
    : html`<p class="note">Browsers that you signed in with before. A sign-in with any other one is told to you by e-mail.</p>
<ul class="entries">
${view.devices.map(deviceEntry)}
</ul>`
}
</section>`,
  })
}
