#!/bin/sh
# Creates a user and finds it again by its user name. RFC 7644 sections 3.3 and 3.4.2.
# Usage: scim-user.sh NAME
set -eu
. "$(dirname "$0")/demo.sh"

name=${1:-person-$$}
token=$(curl -sS --fail-with-body -u "$admin" -d grant_type=client_credentials -d scope=scim "$issuer/oauth/token" | field access_token -)
curl -sS --fail-with-body -H "authorization: Bearer $token" -H 'content-type: application/scim+json' "$issuer/scim/v2/Users" \
  -d "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"$name\",\"active\":true}"
echo
curl -sS --fail-with-body -G -H "authorization: Bearer $token" --data-urlencode "filter=userName eq \"$name\"" "$issuer/scim/v2/Users"
