# SPDX-License-Identifier: MIT
#
# bash capture.bash FILE WORD…: what bash would offer for the last word, one a
# line. Words are cut as readline cuts them: --color=a is three.

# shellcheck source=/dev/null
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
set -u
"$(complete -p virturi | sed 's/.*-F \([^ ]*\).*/\1/')" \
	"$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
