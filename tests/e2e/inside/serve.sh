#!/bin/sh
# SPDX-License-Identifier: MIT
# A D-Bus service, of the name $1: leaves its environment in a file, and has
# its name for the moment that StartServiceByName() needs to be content.
env >"$XDG_RUNTIME_DIR/$1"
exec busctl --user --quiet call org.freedesktop.DBus \
	/org/freedesktop/DBus org.freedesktop.DBus RequestName su "$1" 0
