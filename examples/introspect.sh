#!/bin/sh
# What a resource server learns of a token: whether it lives, whose it is, what it permits under today's policy. RFC 7662.
# Usage: introspect.sh [TOKEN]
set -eu
. "$(dirname "$0")/demo.sh"

token=${1:-$(sh "$(dirname "$0")/client-credentials.sh" | field access_token -)}
curl -sS --fail-with-body -u "$resource_server" --data-urlencode "token=$token" "$issuer/oauth/introspect"
