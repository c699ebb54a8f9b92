#!/bin/sh
# Provides .toolchain/opa: OPA 1.22.2 that can build and evaluate WASM bundles. In this order: $OPA, the one that is there,
# `opa` on PATH, a build of the module pinned in tools/go.mod with the tag opa_wasm (without it: "engine not found").
set -eu
cd "$(dirname "$0")/../.."
version=1.22.2
target=.toolchain/opa

fits() {
  described=$("$1" version 2>/dev/null) || return 1
  echo "$described" | grep -qx "Version: $version" && echo "$described" | grep -qx 'WebAssembly: available'
}
# A script, not a link: make compares times, and a link would carry that of the system's file.
stand_in() {
  if [ "$1" -ef "$target" ]; then touch "$target"; return; fi
  mkdir -p .toolchain
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$1" >"$target.new"
  chmod 755 "$target.new"
  mv "$target.new" "$target"
}

if [ -n "${OPA:-}" ]; then
  fits "$OPA" || { echo "opa: \$OPA ($OPA) is not OPA $version with WebAssembly available" >&2; exit 1; }
  stand_in "$(command -v "$OPA")"
elif [ -x "$target" ] && fits "$target"; then
  touch "$target"
elif command -v opa >/dev/null && fits opa; then
  stand_in "$(command -v opa)"
else
  go=$(sh scripts/toolchain/go.sh) || exit 1
  echo "opa: building the policy compiler, OPA $version (about a minute, once)" >&2
  mkdir -p .toolchain
  out=$(pwd)/$target.new
  log=$(pwd)/.toolchain/opa-build.log
  (cd tools && GOTOOLCHAIN="${SALLYPORT_GOTOOLCHAIN:-auto}" GOFLAGS=-mod=readonly CGO_ENABLED=0 "$go" build -trimpath -tags opa_wasm \
    -ldflags='-s -w' -o "$out" github.com/open-policy-agent/opa) >"$log" 2>&1 ||
    { echo "opa: the build failed, see .toolchain/opa-build.log: $(tail -n 1 "$log")" >&2; exit 1; }
  fits "$out" || { echo "opa: what was built is not OPA $version with WebAssembly available" >&2; exit 1; }
  mv "$out" "$target"
fi
