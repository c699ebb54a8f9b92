#!/bin/sh
# What only tests need: a Redis server, a Chromium and oathtool, from the system or through apt.
set -eu
cd "$(dirname "$0")"
missing=
command -v redis-server >/dev/null || missing="redis-server"
command -v chromium >/dev/null || missing="$missing chromium"
command -v oathtool >/dev/null || missing="$missing oathtool"
[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086
sh ./apt.sh $missing || true
for name in redis-server chromium oathtool; do
  command -v "$name" >/dev/null || { echo "test: $name is missing and apt could not bring it: install it" >&2; missing=still; }
done
[ "$missing" != still ]
