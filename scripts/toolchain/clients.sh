#!/bin/sh
# Provides what test/clients has that is not Node's: Authlib, schemathesis, fido2 and soft_fido2 (Python), go-oidc (Go), Nimbus (Java), in
# .toolchain/clients. Where a language is not here, its .missing file and one line say so, and its test is skipped by that.
set -u
cd "$(dirname "$0")/../.."
clients=$(pwd)/.toolchain/clients
sources=test/clients
mkdir -p "$clients"

missing() {
  echo "$1: $2; its test is skipped" | tee "$clients/$1.missing" >&2
  return 1
}
# Made again only when what it is made from is newer.
fresh() {
  made=$1
  shift
  [ -e "$made" ] || return 1
  for source; do [ "$made" -nt "$source" ] || return 1; done
}
done_with() { rm -f "$clients/$1.missing" && touch "$clients/$1.ready"; }

# A package of Python's, with what it needs, in a folder of its own.
by_pip() {
  needs=$sources/$1/requirements.txt
  fresh "$clients/$1.ready" "$needs" && return
  python=$(command -v python3) || { missing "$1" "python3 is not here"; return; }
  "$python" -m pip --version >/dev/null 2>&1 || { missing "$1" "python3 has no pip"; return; }
  rm -rf "$clients/$1"
  "$python" -m pip install --quiet --disable-pip-version-check --no-compile --target "$clients/$1" -r "$needs" \
    >"$clients/$1.log" 2>&1 || { missing "$1" "pip cannot bring it, see .toolchain/clients/$1.log"; return; }
  done_with "$1"
}

go_oidc() {
  fresh "$clients/go-oidc.ready" tools/relying-party/main.go tools/relying-party/go.mod && return
  go=$(sh scripts/toolchain/go.sh 2>/dev/null) || { missing go-oidc "no Go compiler is here"; return; }
  (cd tools/relying-party && GOTOOLCHAIN="${SALLYPORT_GOTOOLCHAIN:-auto}" GOFLAGS=-mod=readonly CGO_ENABLED=0 \
    "$go" build -trimpath -o "$clients/go-oidc" .) >"$clients/go-oidc.log" 2>&1 ||
    { missing go-oidc "the build failed, see .toolchain/clients/go-oidc.log"; return; }
  done_with go-oidc
}

nimbus() {
  fresh "$clients/nimbus.ready" $sources/nimbus/pom.xml $sources/nimbus/RelyingParty.java && return
  command -v javac >/dev/null || { missing nimbus "no Java compiler is here"; return; }
  command -v mvn >/dev/null || { missing nimbus "Maven is not here"; return; }
  rm -rf "$clients/nimbus"
  mvn --batch-mode --quiet -f $sources/nimbus/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$clients/nimbus" >"$clients/nimbus.log" 2>&1 ||
    { missing nimbus "Maven cannot bring it, see .toolchain/clients/nimbus.log"; return; }
  javac -d "$clients/nimbus" -cp "$clients/nimbus/*" $sources/nimbus/RelyingParty.java >>"$clients/nimbus.log" 2>&1 ||
    { missing nimbus "it does not compile, see .toolchain/clients/nimbus.log"; return; }
  done_with nimbus
}

by_pip authlib || true
by_pip schemathesis || true
by_pip fido2 || true
by_pip soft-fido2 || true
go_oidc || true
nimbus || true
