#!/bin/sh
# A token for a program itself. RFC 6749 section 4.4.
set -eu
. "$(dirname "$0")/demo.sh"

curl -sS --fail-with-body -u "$client" -d grant_type=client_credentials "$issuer/oauth/token"
