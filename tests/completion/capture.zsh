# SPDX-License-Identifier: MIT
#
# zsh -f capture.zsh DIRECTORY LINE: what zsh would offer at the end of the
# line, one a line, between < and >. A shell of its own in a pty completes;
# every candidate goes through compadd, which is ours there and prints it.

zmodload zsh/zpty
export CAPTURE_FPATH=$1
zpty shell zsh -f -i
zpty -w shell "source ${(q)0:A:h}/inside.zsh"
zpty -r shell said '*READY*'
zpty -w -n shell "$2"$'\t'
zpty -r shell said '*DONE*'
print -r -- "$said"
zpty -d shell
