# SPDX-License-Identifier: MIT
"""The scenes: what is prepared, who asks, and what has to be answered.

Each is a function of a stage and a judge; it may change the stage as it
likes.
"""

from scenes import groups, hosts, hostile, kvm, ladder, members, notify
from scenes import overrides, polkit, sockets, wiring
from scenes.script import ALL
