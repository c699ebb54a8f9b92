/** `admin`: who the commands are that call the admin API of a running instance. */
import { Type } from '../../schema/type.ts'
import { path, section } from '../keywords.ts'

export const admin = section(
  {
    credentials_file: Type.Optional(
      path('client that `sallyport keys` and its like act as: JSON with client_id and client_secret, mode 0600'),
    ),
  },
  'the command line as a caller of the admin API',
)
