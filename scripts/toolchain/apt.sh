#!/bin/sh
# Installs Debian packages, as root or through sudo without a question. Fails quietly; the caller says what to do.
set -eu
command -v apt-get >/dev/null || exit 1
if [ "$(id -u)" -eq 0 ]; then root=; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then root="sudo -n"; else exit 1; fi
echo "apt: installing $*" >&2
$root apt-get update -qq >/dev/null 2>&1 || true
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
