#!/bin/sh
# SPDX-License-Identifier: MIT
# session.sh: a session that says what environment it has
env >"$XDG_RUNTIME_DIR/session.new"
mv "$XDG_RUNTIME_DIR/session.new" "$XDG_RUNTIME_DIR/session"
exec sleep infinity
