#!/bin/sh
# SPDX-License-Identifier: MIT
# In a user's session: the environments that things get there, each below a
# line that names it.
set -eu

ask() {	# NAME: have the bus start a service; it is serve.sh
	echo "== $1"
	busctl --user --quiet call org.freedesktop.DBus \
		/org/freedesktop/DBus org.freedesktop.DBus \
		StartServiceByName su "$1" 0
	cat "$XDG_RUNTIME_DIR/$1"
	rm "$XDG_RUNTIME_DIR/$1"
}

echo "== session"
env
echo "== manager"
systemctl --user show-environment
echo "== service"
systemd-run --user --quiet --pipe --wait --collect env
ask org.example.unit
ask org.example.program
