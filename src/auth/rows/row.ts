/** A row of THE TABLE as its files write it, and what the handlers of all of them use. */
import type { HealthDeps } from '../../http/health.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { Store } from '../../storage/port.ts'
import type { AccountDeps } from '../account/account-handlers.ts'
import type { AdminDeps } from '../admin/decide-admin.ts'
import type { RewrapKeysDeps } from '../admin/keys/rewrap-keys.ts'
import type { SectorDeps } from '../client/metadata/sector.ts'
import type { FederationDeps } from '../federation/deps.ts'
import type { ConsentDeps } from '../login/consent.ts'
import type { LoginDeps } from '../login/login.ts'
import type { MailLinksDeps } from '../mail-links/mail-link-handlers.ts'
import type { MfaDeps } from '../mfa/mfa-deps.ts'
import type { AuthorizeDeps } from '../oauth/authorize.ts'
import type { DeviceAuthorizationDeps } from '../oauth/device/device-authorization.ts'
import type { DevicePageDeps } from '../oauth/device/find-asked.ts'
import type { IntrospectDeps } from '../oauth/introspect.ts'
import type { JwksDeps } from '../oauth/jwks.ts'
import type { ParDeps } from '../oauth/par.ts'
import type { RegisterDeps } from '../oauth/register/decide-register.ts'
import type { RevokeDeps } from '../oauth/revoke.ts'
import type { TokenDeps } from '../oauth/token.ts'
import type { DiscoveryDeps } from '../oidc/discovery.ts'
import type { EndSessionEndpointDeps } from '../oidc/logout/end-session.ts'
import type { UserinfoDeps } from '../oidc/userinfo.ts'
import type { AssetsDeps } from '../pages/assets.ts'
import type { Route } from '../route.ts'
import type { WriteUserDeps } from '../scim/create-user.ts'
import type { BindingDeps } from '../session/binding/register.ts'
import type { ManageDeps } from '../signals/ssf/configured-stream.ts'
import type { PollDeps } from '../signals/ssf/poll.ts'
import type { NotifyDeps } from '../user/notify.ts'

export type RouteDeps = AuthorizeDeps &
  AssetsDeps &
  ParDeps &
  DeviceAuthorizationDeps &
  DevicePageDeps &
  TokenDeps &
  IntrospectDeps &
  RevokeDeps &
  UserinfoDeps &
  JwksDeps &
  DiscoveryDeps &
  EndSessionEndpointDeps &
  HealthDeps &
  LoginDeps &
  ConsentDeps &
  AccountDeps &
  MailLinksDeps &
  MfaDeps &
  Pick<AdminDeps, 'sealSecret'> &
  RewrapKeysDeps &
  SectorDeps &
  RegisterDeps &
  FederationDeps &
  BindingDeps &
  WriteUserDeps &
  PollDeps &
  ManageDeps &
  NotifyDeps & { readonly store: Store; readonly metrics?: Metrics | undefined }

export type Row = [
  Route['method'],
  string,
  source: string,
  file: string,
  Route['decision'],
  Route['errors'],
  Route['handler'],
]
