# SPDX-License-Identifier: MIT
#
# The completing side of capture.zsh.

PROMPT= RPROMPT=
fpath=($CAPTURE_FPATH $fpath)
autoload -Uz compinit
compinit -u -D

compadd() {
	local -a found
	# with -O, -A, -D or -E it only looks
	if ((${@[(i)-[OADE]]} > $#)); then
		builtin compadd -A found "$@"
		(($#found)) && print && print -rl -- "<"$^found">"
	fi
	builtin compadd "$@"
}

capture() {
	_main_complete
	print "DO""NE"
	compstate[insert]= compstate[list]=
}

zle -C capture complete-word capture
bindkey '^I' capture
print "REA""DY"
