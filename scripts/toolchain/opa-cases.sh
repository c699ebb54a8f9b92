#!/bin/sh
# Writes OPA's own test cases with their modules to stdout: tools/opa-cases/main.go. Built once, into .toolchain/.
set -eu
cd "$(dirname "$0")/../.."
target=$(pwd)/.toolchain/opa-cases
go=$(sh scripts/toolchain/go.sh) || exit 1
cd tools
export GOTOOLCHAIN="${SALLYPORT_GOTOOLCHAIN:-auto}" GOFLAGS=-mod=readonly CGO_ENABLED=0
if [ ! -x "$target" ] || [ opa-cases/main.go -nt "$target" ] || [ go.sum -nt "$target" ]; then
  "$go" build -trimpath -o "$target.new" ./opa-cases
  mv "$target.new" "$target"
fi
exec "$target" "$("$go" list -m -f '{{.Dir}}' github.com/open-policy-agent/opa)"
