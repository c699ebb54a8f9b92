/* Sends the page's one form on. OAuth 2.0 Form Post Response Mode 2. Where no script runs, its button does. */
document.forms[0]?.submit()
