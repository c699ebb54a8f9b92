/** The profile: what applications may see of the person, with a field for each attribute that policy lets them change. */

import { type Html, html } from '../html.ts'
import { LANGUAGE_FACTS, LANGUAGES } from '../language.ts'
import type { Page } from '../page.ts'
import { alert, FAULT, field, hidden, notice } from '../parts/form.ts'
import { PROFILE } from '../words/account-profile.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView, linked } from './frame.ts'

export type ProfileField = 'displayName' | 'givenName' | 'familyName' | 'nickName' | 'picture' | 'locale'

export type ProfileFault = 'too_long' | 'control' | 'no_url' | 'no_language'

export interface ProfileView {
  readonly frame: AccountFrame
  /** What stands in each field that may be seen: as stored, or as it was sent. */
  readonly values: Readonly<Partial<Record<ProfileField, string>>>
  /** Fields that may be changed. */
  readonly writable: ReadonlySet<ProfileField>
  readonly userName: string
  /** Absent: policy does not show it. */
  readonly email?: { readonly address: string | undefined; readonly changeable: boolean } | undefined
  readonly faults?: Readonly<Partial<Record<ProfileField, ProfileFault>>>
  readonly done?: 'saved' | 'unchanged' | undefined
  readonly changedMeanwhile?: boolean
  /** Of the record that the fields show. */
  readonly version: number
  readonly formToken: string
  readonly mostCharacters: number
}

type Says = (typeof PROFILE)['en']

/** WCAG 1.3.5: what browsers may fill in. */
const TEXTS: readonly (readonly [name: Exclude<ProfileField, 'locale'>, attributes: Html])[] = [
  ['displayName', html`type="text" autocomplete="name"`],
  ['givenName', html`type="text" autocomplete="given-name"`],
  ['familyName', html`type="text" autocomplete="family-name"`],
  ['nickName', html`type="text" autocomplete="nickname"`],
  ['picture', html`type="url" autocomplete="photo" dir="ltr"`],
]

const faultWords = (says: Says, fault: ProfileFault, most: number): string =>
  ({ too_long: says.tooLong(most), control: says.control, no_url: says.noUrl, no_language: says.noLanguage })[fault]

function textField(says: Says, view: ProfileView, name: Exclude<ProfileField, 'locale'>, attributes: Html): Html {
  const fault = view.faults?.[name]
  return field({
    name,
    label: says[name],
    attributes: html`${attributes} value="${view.values[name]}" maxlength="${view.mostCharacters}"`,
    fault: fault && faultWords(says, fault, view.mostCharacters),
    ...(name === 'picture' && { hint: says.pictureHint }),
  })
}

function localeField(says: Says, view: ProfileView): Html {
  const chosen = view.values.locale ?? ''
  const fault = view.faults?.locale
  const offered = ['', ...LANGUAGES, ...(LANGUAGES.some((one) => one === chosen) || chosen === '' ? [] : [chosen])]
  const option = (tag: string) => {
    const language = LANGUAGES.find((one) => one === tag)
    const text = language === undefined ? (tag === '' ? says.asBrowser : tag) : LANGUAGE_FACTS[language].name
    return html`<option value="${tag}"${language && html` lang="${language}"`}${tag === chosen && html` selected`}>${text}</option>
`
  }
  return html`<div class="field">
<label for="locale">${says.locale}</label>
<select id="locale" name="locale" autocomplete="language"${fault && html` aria-invalid="true" aria-describedby="locale-fault" autofocus`}>
${offered.map(option)}</select>
${fault && html`<p class="fault" id="locale-fault">${faultWords(says, fault, view.mostCharacters)}</p>`}
</div>`
}

/** What is seen and may not be changed. */
function readOnly(says: Says, view: ProfileView): Html {
  const seen = (name: ProfileField) =>
    !view.writable.has(name) &&
    view.values[name] !== undefined &&
    html`<dt>${says[name]}</dt><dd>${view.values[name]}</dd>
`
  const { email, frame } = view
  return html`<dl>
<dt>${says.userName}</dt><dd><bdi>${view.userName}</bdi></dd>
${
  email &&
  html`<dt>${says.email}</dt><dd><bdi>${email.address ?? says.noEmail}</bdi>${
    email.changeable && frame.paths.has('/account/email') && html` ${linked(frame, '/account/email', says.changeEmail)}`
  }</dd>
`
}${TEXTS.map(([name]) => seen(name))}${seen('locale')}</dl>
`
}

function form(says: Says, view: ProfileView): Html {
  return html`<form method="post" action="/account/profile">
${hidden('form_token', view.formToken)}${hidden('version', String(view.version))}${TEXTS.filter(([name]) =>
  view.writable.has(name),
).map(([name, attributes]) => textField(says, view, name, attributes))}
${view.writable.has('locale') && localeField(says, view)}
<div class="actions">
<button class="primary" type="submit">${says.save}</button>
</div>
</form>`
}

export function profilePage(view: ProfileView): Page {
  const { frame, done } = view
  const says = words(PROFILE, frame.uiLocales)
  const faulty = Object.keys(view.faults ?? {}).length > 0
  return accountView(frame, {
    here: 'profile',
    title: says.title,
    faulty: faulty || view.changedMeanwhile === true,
    content: html`${done && notice(html`<p>${says[done]}</p>`)}${faulty && alert(says.faulty, FAULT)}${
      view.changedMeanwhile && alert(says.changedMeanwhile, FAULT)
    }<p class="lead">${says.lead}</p>
${readOnly(says, view)}${view.writable.size > 0 ? form(says, view) : html`<p class="note">${says.notWritable}</p>`}`,
  })
}
