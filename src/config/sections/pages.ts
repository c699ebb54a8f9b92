/** `pages`: whose pages they are. Colours are checked for contrast at the start (src/cli/pages/theme.ts). */
import { Type } from '../../schema/type.ts'
import { closed, path, section } from '../keywords.ts'

const colour = (description: string) =>
  Type.Optional(Type.String({ pattern: '^#[0-9a-fA-F]{6}$', description: `${description}, as #rrggbb` }))
const address = (description: string) => Type.Optional(Type.String({ pattern: '^(https://|mailto:)', description }))
const text = (language: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 80, description: language }))

const colours = (scheme: string) =>
  Type.Optional(
    Type.Object(
      { accent: colour('buttons, links and focus'), on_accent: colour('text on a button') },
      { ...closed, description: scheme },
    ),
  )

export const pages = section(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 60,
      default: 'Sallyport',
      description: 'on every page and in its title',
    }),
    logo_file: Type.Optional(path('logo, SVG or PNG; served by this service, in place of our mark and the name')),
    light: colours('colours on a light ground'),
    dark: colours('colours on a dark ground'),
    support_url: address('help, at the foot of every page'),
    privacy_url: address('privacy statement, at the foot of every page'),
    terms_url: address('terms of use, at the foot of every page'),
    headline: Type.Optional(
      Type.Object(
        { en: text('English'), de: text('German'), ar: text('Arabic') },
        { ...closed, description: 'of the sign-in page' },
      ),
    ),
  },
  'whose pages people see',
)
