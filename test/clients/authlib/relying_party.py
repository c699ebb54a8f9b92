"""A relying party by Authlib: a code flow with PKCE, refresh, introspection, revocation, logout (test/clients/conversation.ts)."""
import json
import os
import sys
from urllib.parse import urlencode

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet


def say(message):
    print(json.dumps(message), flush=True)


def hear():
    return json.loads(sys.stdin.readline())


given = hear()
redirect_uri = given["redirect_uri"]
session = OAuth2Session(
    given["client_id"],
    given["client_secret"],
    scope=given["scope"],
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_basic",
)
metadata = session.request(
    "GET", given["issuer"] + "/.well-known/openid-configuration", withhold_token=True
).json()
if metadata["issuer"] != given["issuer"]:
    sys.exit("the issuer is another one")

verifier, nonce = generate_token(48), generate_token(20)
url, state = session.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
)
say({"authorize": url})
answer = hear()["callback"]
tokens = session.fetch_token(
    metadata["token_endpoint"],
    authorization_response=answer,
    state=state,
    code_verifier=verifier,
)

keys = KeySet.import_key_set(
    session.request("GET", metadata["jwks_uri"], withhold_token=True).json()
)
decoded = jwt.decode(
    tokens["id_token"],
    keys,
    algorithms=metadata["id_token_signing_alg_values_supported"],
)
claims = CodeIDToken(
    decoded.claims,
    decoded.header,
    {
        "iss": {"essential": True, "value": given["issuer"]},
        "aud": {"essential": True, "value": given["client_id"]},
    },
    {"nonce": nonce, "client_id": given["client_id"]},
)
claims.validate()
person = session.get(metadata["userinfo_endpoint"]).json()

refreshed = session.refresh_token(
    metadata["token_endpoint"], refresh_token=tokens["refresh_token"]
)
resource_server = OAuth2Session(
    given["resource_server"]["client_id"], given["resource_server"]["client_secret"]
)


def introspect(token):
    return resource_server.introspect_token(
        metadata["introspection_endpoint"],
        token=token,
        token_type_hint="access_token",
    ).json()


live = introspect(refreshed["access_token"])
say({"tokens": {"sub": claims["sub"], "userinfo": person, "introspection": live,
                "refreshed": refreshed["access_token"] != tokens["access_token"],
                "rotated": refreshed["refresh_token"] != tokens["refresh_token"]}})

leaving = {
    "id_token_hint": tokens["id_token"],
    "client_id": given["client_id"],
    "post_logout_redirect_uri": given["post_logout_redirect_uri"],
    "state": state,
}
say({"logout": metadata["end_session_endpoint"] + "?" + urlencode(leaving)})
hear()
session.revoke_token(
    metadata["revocation_endpoint"],
    token=refreshed["refresh_token"],
    token_type_hint="refresh_token",
)
say({"after": introspect(refreshed["access_token"])})
