/*
 * A page sends one form, once. A second press while the answer is on its way would make the browser give that answer up, with its
 * cookies and with what it shows only once (HTML 7.4.2.2). First of the scripts, so that it hears a `submit` before and after them.
 */
const ANSWERED_MS = 15 * 1000
const SAVED_MS = 3 * 1000
const BUSY = ['aria-busy', 'aria-disabled']

/** Undefined: nothing is on its way. */
let sent
let release
/** The page stays for the other forms. */
const isFile = (form) => form.dataset.answer === 'file'

/** A button that is `disabled` would not be sent along, and would lose the focus. */
function hold(form, button) {
  release?.()
  sent = form
  for (const name of BUSY) button?.setAttribute(name, 'true')
  // An answer that is a file, leads into an app or was stopped leaves the page where it is, and nothing tells it so.
  const timer = setTimeout(() => release?.(), isFile(form) ? SAVED_MS : ANSWERED_MS)
  release = () => {
    clearTimeout(timer)
    for (const name of BUSY) button?.removeAttribute(name)
    sent = undefined
    release = undefined
  }
}

document.addEventListener(
  'submit',
  (event) => {
    if (sent === undefined || (isFile(sent) && sent !== event.target)) return
    event.preventDefault()
    event.stopImmediatePropagation()
  },
  true,
)
document.addEventListener('submit', (event) => {
  if (!event.defaultPrevented) hold(event.target, event.submitter)
})
// A page that comes back as it was left.
addEventListener('pageshow', (event) => {
  if (event.persisted) release?.()
})
