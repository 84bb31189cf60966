#!/bin/sh
# SPDX-License-Identifier: MIT
# desktop.sh COMPOSITOR: a desktop by UWSM, on a host without screen, seat and
# virtual terminals
export WLR_BACKENDS=headless WLR_LIBINPUT_NO_DEVICES=1 WLR_RENDERER=pixman
export XDG_SEAT=seat0 XDG_VTNR=1
export LABWC_UPDATE_ACTIVATION_ENV=1
exec uwsm start -g -1 -- "$1.desktop"
