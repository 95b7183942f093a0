#!/usr/bin/env bash
# build-kairos.sh OUTDIR: kairos-agent and immucore, static, from the pinned modules in images/kairos.
set -euo pipefail
# shellcheck source=images/lib.sh
. "$(dirname -- "$0")/lib.sh"
[ $# = 1 ] || die "usage: build-kairos.sh OUTDIR"
need_go

build() {
	local out=$1 module name version
	# The module's go line names the toolchain; no C, no build path in the binaries.
	export CGO_ENABLED=0
	cd "$images/kairos"
	for module in github.com/kairos-io/kairos-agent/v2 github.com/kairos-io/immucore; do
		version=$(go list -m -f '{{.Version}}' "$module")
		name=$(basename "${module%/v2}")
		go build -trimpath -o "$out/$name" -ldflags "-s -w
			-X github.com/kairos-io/kairos-agent/v2/internal/common.VERSION=$version
			-X github.com/kairos-io/immucore/internal/version.version=$version" "$module"
	done
}

stage kairos "$(digest @"$images/build-kairos.sh" @"$images/kairos" "$(go env GOVERSION GOARCH)")" build
mkdir -p "$1"
cp "$stage_dir/kairos-agent" "$stage_dir/immucore" "$1/"
