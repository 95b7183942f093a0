# Shared by the scripts of this folder: source it, do not run it.
# shellcheck shell=bash
#
# Every stage is cached under the digest of its inputs (the scripts and files it uses, its arguments, the
# digests of the stages before it). The versions that the package mirror has today are not an input: to take
# newer packages, set STYLET_IMAGES_REFRESH to any new word (a date will do).

# shellcheck disable=SC2034 # used by the scripts that source this
images=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stylet/images
# No file in an image is newer than this, so that the same inputs give the same bytes on every day.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1793491200}
# Stage programs must not depend on the builder's language.
export LC_ALL=C.UTF-8

say() { printf 'images: %s\n' "$*" >&2; }
die() { printf 'images: error: %s\n' "$*" >&2; exit 1; }

need_root() { [ "$(id -u)" = 0 ] || die "$1 must run as root: it keeps the owners of files and uses chroot"; }

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die "$tool is missing: run images/install-deps.sh"
	done
}

# need_go puts the project's Go first in PATH, and fetches it when there is none that is new enough.
need_go() {
	local bin
	bin=$("$images/../scripts/toolchain.sh") || die "there is no Go, and it cannot be fetched"
	export PATH=$bin:$PATH GOTOOLCHAIN=local
}

# digest ARG...: one sha256 over the arguments. @PATH stands for the content of a file or of a whole tree
# (names, modes, link targets and bytes).
digest() {
	local arg
	{
		printf '%s\n' "${STYLET_IMAGES_REFRESH:-}"
		for arg; do
			case $arg in
			@*) tree_digest "${arg#@}" ;;
			*) printf 'arg %s\n' "$arg" ;;
			esac
		done
	} | sha256sum | cut -d' ' -f1
}

tree_digest() {
	[ -e "$1" ] || die "an input is missing: $1"
	(
		cd -- "$(dirname -- "$1")"
		find "$(basename -- "$1")" -printf '%y %m %p %l\n' | sort
		find "$(basename -- "$1")" -type f -print0 | sort -z | xargs -0 -r sha256sum
	)
}

# stage NAME DIGEST FUNCTION: sets $stage_dir to the folder with the stage's result. FUNCTION is called with a
# new empty folder as argument when the result is not there yet. The folder gets its final name only when it is
# complete, so a killed build leaves nothing that could be mistaken for one.
stage() {
	local name=$1 key=$2 build=$3 home=$cache/$1 start=$SECONDS tmp
	stage_dir=$home/$key
	mkdir -p "$home"
	if [ -d "$stage_dir" ]; then
		touch "$stage_dir"
		say "$name: cached"
		return
	fi
	say "$name: building"
	exec {stage_lock}>"$home/.lock"
	flock "$stage_lock"
	if [ ! -d "$stage_dir" ]; then
		# Left by a killed build; nobody else can be at work here, we hold the lock.
		find "$home" -mindepth 1 -maxdepth 1 -name '.new.*' -exec rm -rf {} +
		tmp=$(mktemp -d "$home/.new.XXXXXX")
		chmod 755 "$tmp"
		# A subshell with its own errexit: called in a condition, bash would switch it off.
		( set -euo pipefail; "$build" "$tmp" ) </dev/null >"$tmp.log" 2>&1 &
		if ! wait $!; then
			tail -n 40 "$tmp.log" >&2
			rm -rf "$tmp" "$tmp.log"
			die "$name: failed after $((SECONDS - start)) s"
		fi
		mv "$tmp.log" "$tmp/build.log"
		sync -f "$tmp"
		mv "$tmp" "$stage_dir"
		keep_newest "$home"
	fi
	exec {stage_lock}>&-
	say "$name: built in $((SECONDS - start)) s, $(du -sh "$stage_dir" | cut -f1)"
}

keep_newest() {
	find "$1" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- |
		while read -r old; do rm -rf "$old"; done
}

# pack TREE FILE: a tar.zst with everything a root file system has (owners, capabilities, hard links, device
# nodes), equal bytes for an equal tree.
pack() {
	tar -C "$1" --sort=name --numeric-owner --one-file-system --xattrs --xattrs-include='*' --acls \
		--format=posix --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
		--mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime -cf - . | zstd -q -T0 "-${3:-3}" -o "$2"
}

# unpack FILE TREE
unpack() {
	mkdir -p "$2"
	tar -C "$2" --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "$1" -I 'zstd -q'
}

# in_root TREE COMMAND...: run a command in a root, with the file systems that package scripts and dracut expect.
# A mount namespace of its own: nothing stays mounted, whatever happens.
in_root() {
	local tree=$1
	shift
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --pid --fork --kill-child -- bash -euc '
		tree=$1; shift
		mount -t proc proc "$tree/proc"
		mount -t sysfs -o ro sys "$tree/sys"
		mount --rbind /dev "$tree/dev"
		mount -t tmpfs tmp "$tree/tmp"
		mount -t tmpfs run "$tree/run"
		exec chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$@"
	' in_root "$tree" "$@"
}

# packages FILE: the names in a package list.
packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }
