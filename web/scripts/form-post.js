/*
 * Sends the page's one form on. OAuth 2.0 Form Post Response Mode 2. Where no script runs, its button does. By a `submit` that
 * send-once.js hears: the code of a second one would be a replay.
 */
const form = document.forms[0]
if (form?.requestSubmit) form.requestSubmit()
else form?.submit()
