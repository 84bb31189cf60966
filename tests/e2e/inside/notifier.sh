#!/bin/sh
# SPDX-License-Identifier: MIT
# notifier.sh: the notification service of a desktop, that writes down what it
# would show
exec notifier org.freedesktop.Notifications "$XDG_RUNTIME_DIR/notes"
