# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Sourced by the tests here that work in a Debian tree of their own. Everything
# they mount and start ends with their namespaces.

set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=${VIRTURI_BUILD:-$source/build}
count=0
failed=0

# --- Results, as TAP ---------------------------------------------------------

# A row: the command's output is shown where its status is not 0.
row() { # NAME COMMAND…
	local row_name=$1
	shift
	count=$((count + 1))
	if "$@" >"$scratch/log" 2>&1 </dev/null; then
		echo "ok $count - $row_name"
	else
		echo "not ok $count - $row_name"
		sed 's/^/# /' "$scratch/log"
		failed=$((failed + 1))
	fi
}

# For rows that need nothing but the one before: without it they say nothing.
give_up() {
	echo "1..$count"
	exit 1
}

finish() {
	echo "1..$count"
	exit $((failed > 0))
}

# --- Namespaces and trees ----------------------------------------------------

# Runs the test anew, below a tmpfs of its own; needs root.
enter_namespaces() {
	if [ -z "${IN_NAMESPACES:-}" ]; then
		install_mmdebstrap
		exec env IN_NAMESPACES=1 unshare --mount --pid --ipc --fork \
			--kill-child "$0" "$@" </dev/null
	fi
	scratch=/run/virturi-packages
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir "$scratch"
}

install_mmdebstrap() {
	command -v mmdebstrap >/dev/null && return
	echo '+ apt-get install mmdebstrap'
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
		--no-install-recommends mmdebstrap >/dev/null
}

# Makes the tree of a suite and the packages that a file lists, or takes the
# one made before; sets $tree. The function PREPARE is called with the tree,
# once, and becomes part of what is cached.
make_tree() { # NAME SUITE [PREPARE]
	local list=$here/packages-$1 prepare=${3:-:} cache key
	cache=$build/cache/packages
	key=$({ echo "$2" && cat "$list" && declare -f "$prepare"; } |
		sha256sum | cut -c 1-16)
	tree=$cache/$1-$key
	mkdir -p "$cache"
	exec 9>"$cache/$1.lock"
	flock 9
	[ -d "$tree" ] && return
	echo "# making a tree of $2 for $1, once for this list of packages"
	find "$cache" -maxdepth 1 -name "$1-*" -exec rm -rf {} +
	if mmdebstrap --quiet --variant=minbase --include="$(
		sed 's/#.*//' "$list" | xargs | tr ' ' ,
	)" "$2" "$tree.new" >"$scratch/log" 2>&1 &&
		"$prepare" "$tree.new" >>"$scratch/log" 2>&1; then
		mv "$tree.new" "$tree"
	else
		tail -n 50 "$scratch/log" | sed 's/^/# /'
		echo 'Bail out! no tree'
		exit 1
	fi
}

# A tree that can be written to and forgotten: $scratch/NAME, over $tree.
lay_over() { # NAME
	mkdir "$scratch/$1" "$scratch/$1.upper" "$scratch/$1.work"
	mount -t overlay -o \
		"lowerdir=$tree,upperdir=$scratch/$1.upper,workdir=$scratch/$1.work" \
		overlay "$scratch/$1"
	mount -t proc proc "$scratch/$1/proc"
	mount --bind /dev "$scratch/$1/dev"
}

# Runs a command in such a tree, with nothing of this machine's environment.
inside() { # NAME COMMAND…
	local root=$scratch/$1
	shift
	chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
		"$@" </dev/null
}

# --- The project -------------------------------------------------------------

# What packages are made from, whoever owns this source; sets $tarball.
# shellcheck disable=SC2034 # for the test
make_tarball() {
	mkdir "$scratch/dist"
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory \
		GIT_CONFIG_VALUE_0='*' \
		make --no-print-directory -s -C "$source" dist \
		O="$scratch/dist" && tarball=$(echo "$scratch"/dist/*.tar.gz)
}
