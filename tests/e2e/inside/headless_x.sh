#!/bin/sh
# SPDX-License-Identifier: MIT
# headless_x.sh DISPLAY -seat SEAT -auth FILE …: LightDM's X server, with those
# of Xorg's arguments that Xvfb knows
display=$1
while [ "$1" != -auth ]; do shift; done
exec Xvfb "$display" -auth "$2" -nolisten tcp
