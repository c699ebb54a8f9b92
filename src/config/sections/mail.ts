/** `mail`: how letters to people leave: by SMTP, as files for development, or not at all. */
import { type Static, Type } from '../../schema/type.ts'
import { closed, oneOf, path, secret, section } from '../keywords.ts'

const dkim = Type.Object(
  {
    domain: Type.String({ minLength: 1, description: 'signing domain, `d=`' }),
    selector: Type.String({ minLength: 1, description: 'selector, `s=`' }),
    key_file: path('its private key, PEM'),
  },
  { ...closed, description: 'letters are signed, RFC 6376' },
)

const smtp = Type.Object(
  {
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 465 }),
    tls: oneOf(['implicit', 'starttls', 'none'], {
      default: 'implicit',
      description:
        'implicit: TLS from the first byte (port 465); starttls: never without (port 587); none: loopback only',
    }),
    ca_file: Type.Optional(path('certification authorities to trust instead of the system’s, PEM')),
    username: Type.Optional(Type.String({ minLength: 1 })),
    password: Type.Optional(secret('prefer password_file, or the environment')),
    password_file: Type.Optional(path('file that holds the password')),
    connections: Type.Integer({ minimum: 1, maximum: 20, default: 2, description: 'kept open to the server at once' }),
    timeout_seconds: Type.Integer({ minimum: 1, maximum: 600, default: 30 }),
    dkim: Type.Optional(dkim),
  },
  { ...closed, description: 'a mail server that takes letters, RFC 5321' },
)
export type SmtpConfig = Static<typeof smtp>

export const mail = section(
  {
    from: Type.Optional(
      Type.String({ minLength: 3, maxLength: 320, description: 'the sender, `Name <name@example.com>`' }),
    ),
    smtp: Type.Optional(smtp),
    directory: Type.Optional(path('folder that letters are written to instead of being sent: development')),
  },
  'letters to people: links to reset a password and to verify an address, notices',
)
