/** What a field for a code of digits takes: those of Arabic and Persian keyboards too. */
export const CODE_PATTERN = '[0-9\u0660-\u0669\u06f0-\u06f9 ]*'
