#!/bin/sh
# Starts tools/opa-differential/main.go on the Rego of the Go modules that tools/go.mod pins. Built once, into .toolchain/.
set -eu
cd "$(dirname "$0")/../.."
target=$(pwd)/.toolchain/opa-differential
modules='github.com/open-policy-agent/opa github.com/open-policy-agent/conftest github.com/aquasecurity/trivy-checks'
go=$(sh scripts/toolchain/go.sh) || exit 1
cd tools
export GOTOOLCHAIN="${SALLYPORT_GOTOOLCHAIN:-auto}" GOFLAGS=-mod=readonly CGO_ENABLED=0
if [ ! -x "$target" ] || [ -n "$(find opa-differential go.sum -newer "$target")" ]; then
  "$go" build -trimpath -o "$target.$$" ./opa-differential
  mv "$target.$$" "$target"
fi
# shellcheck disable=SC2086 # a list of words
"$go" mod download $modules
# shellcheck disable=SC2086,SC2046 # no folder of a module has a space
exec "$target" $("$go" list -m -f '{{.Dir}}' $modules)
