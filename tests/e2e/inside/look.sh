#!/bin/sh
# SPDX-License-Identifier: MIT
# look.sh: a desktop's key or autostart file runs this; it says in look/* which
# environment programs have that are started in each of the ways there are
look="$XDG_RUNTIME_DIR/look"
mkdir -p "$look"

# in_file NAME COMMAND…: start it in this way
in_file() {
	file="$look/$1"
	shift
	# shellcheck disable=SC2016 # that shell's own
	"$@" sh -c 'env >"$1.new"; mv "$1.new" "$1"' sh "$file"
}

in_file program env
in_file app uwsm app --
in_file service uwsm app -t service --
