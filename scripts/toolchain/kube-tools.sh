#!/bin/sh
# Provides .toolchain/kubeconform or .toolchain/kustomize, built at a pinned version, for `make check-deploy` only.
set -eu
cd "$(dirname "$0")/../.."
case "$1" in
  kubeconform) module=github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0 ;;
  kustomize) module=sigs.k8s.io/kustomize/kustomize/v5@v5.8.1 ;;
  *) echo "kube-tools: no tool $1" >&2; exit 2 ;;
esac
go=$(sh scripts/toolchain/go.sh) || exit 1
echo "$1: building $module (once)" >&2
GOTOOLCHAIN="${SALLYPORT_GOTOOLCHAIN:-auto}" GOBIN="$(pwd)/.toolchain" "$go" install "$module" >.toolchain/"$1"-build.log 2>&1 ||
  { echo "$1: the build failed, see .toolchain/$1-build.log: $(tail -n 1 ".toolchain/$1-build.log")" >&2; exit 1; }
