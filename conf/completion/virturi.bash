# SPDX-License-Identifier: MIT
#
# bash completion for virturi(1). Commands and options are read from what the
# program itself says with --help, so this needs no change when they do.

# The help of a command, or the list of commands.
_virturi_help() # PROGRAM [COMMAND]
{
	"$@" --help </dev/null 2>/dev/null
}

_virturi_services()
{
	local directory file
	for directory in /etc/pam.d /usr/lib/pam.d /usr/share/pam.d; do
		for file in "$directory"/*; do
			[[ -f $file ]] && printf '%s\n' "${file##*/}"
		done
	done
}

# The argument an option takes, as the help names it; --color takes its one
# behind a '=' only.
_virturi_argument() # HELP OPTION SEPARATOR
{
	local line pattern='^  (--[a-z-]+)([ =])([A-Z]+) '
	while IFS= read -r line; do
		[[ $line =~ $pattern && ${BASH_REMATCH[1]} == "$2" ]] &&
			[[ ${BASH_REMATCH[2]} == ' ' || $3 == '=' ]] &&
			printf '%s\n' "${BASH_REMATCH[3]}"
	done <<<"$1"
}

_virturi_values() # OPTION ARGUMENT WORD
{
	case $1=$2 in
	--service=*) compgen -W "$(_virturi_services)" -- "$3" ;;
	--rhost=*) compgen -A hostname -- "$3" ;;
	--group=*) compgen -A group -- "$3" ;;
	--color=*) compgen -W 'auto always never' -- "$3" ;;
	*=FILE) compgen -f -- "$3" ;;
	*=DIR) compgen -d -- "$3" ;;
	esac
}

# Options, a user or files, as the command's help has them.
_virturi_words() # HELP WORD
{
	local synopsis=${1%%$'\n'*}
	if [[ $2 == -* ]]; then
		compgen -W "$(grep -o -e '--[a-z-]*' <<<"${1#*$'\n'}")" -- "$2"
	elif [[ $synopsis == *'[USER]'* ]]; then
		compgen -A user -- "$2"
	elif [[ $synopsis == *'[FILE'* ]]; then
		compgen -f -- "$2"
	fi
}

_virturi_commands() # PROGRAM WORD
{
	compgen -W "--help --version $(_virturi_help "$1" |
		awk '$1 == "virturi" { print $2 }')" -- "$2"
}

_virturi()
{
	local program=$1 word=$2 option=$3 separator=' ' help argument
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(_virturi_commands "$program" "$word")
		return
	fi
	help=$(_virturi_help "$program" "${COMP_WORDS[1]}")
	# readline makes three words of --color=auto
	if [[ $word == = ]]; then
		separator=$word word=
	elif [[ $option == = ]]; then
		separator=$option option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	compopt -o filenames 2>/dev/null
	argument=$(_virturi_argument "$help" "$option" "$separator")
	if [[ -n $argument ]]; then
		mapfile -t COMPREPLY < <(_virturi_values "$option" \
			"$argument" "$word")
	else
		mapfile -t COMPREPLY < <(_virturi_words "$help" "$word")
	fi
}

complete -F _virturi virturi
