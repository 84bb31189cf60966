# SPDX-License-Identifier: MIT
#
# fish completion for virturi(1). Commands and options are read from what the
# program itself says with --help, so this needs no change when they do.

function __virturi_services
    for directory in /etc/pam.d /usr/lib/pam.d /usr/share/pam.d
        for file in $directory/*
            test -f $file; and basename $file
        end
    end
end

# What an option takes: nothing, something, or something known.
function __virturi_argument --argument-names option argument
    switch "$option=$argument"
        case '*='
        case 'service=*'
            printf '%s\n' -x -a '(__virturi_services)'
        case 'rhost=*'
            printf '%s\n' -x -a '(__fish_print_hostnames)'
        case 'group=*'
            printf '%s\n' -x -a '(__fish_complete_groups)'
        case 'color=*'
            printf '%s\n' -x -a 'auto always never'
        case '*=FILE'
            printf '%s\n' -r -F
        case '*=DIR'
            printf '%s\n' -x -a '(__fish_complete_directories)'
        case '*'
            echo -x
    end
end

function __virturi_options --argument-names command
    set -l seen "__fish_seen_subcommand_from $command"
    for line in $argv[2..]
        # "  --name ARGUMENT   text", or "  --name, --other   text"
        set -l words (string match -r -g -- '^  (-.*?)(?:  +(.*))?$' $line)
        or continue
        set -l argument (string match -r -g -- '[ =]([A-Z]+)$' $words[1])
        for name in (string match -r -a -g -- '--([a-z-]+)' $words[1])
            complete -c virturi -n $seen -l $name -d "$words[2]" \
                (__virturi_argument $name "$argument")
        end
    end
end

command -q virturi; or return

complete -c virturi -f
complete -c virturi -n __fish_use_subcommand -l help -d 'the commands'
complete -c virturi -n __fish_use_subcommand -l version -d 'the version'
for line in (virturi --help 2>/dev/null </dev/null)
    set -l command (string match -r -g -- '^virturi ([a-z-]+)' $line)
    test -n "$command"; or continue
    set -l help (virturi $command --help 2>/dev/null </dev/null)
    complete -c virturi -n __fish_use_subcommand -a $command \
        -d (string replace -r -- '.*(?:\]|  ) *' '' $line)
    __virturi_options $command $help[2..]
    switch $help[1]
        case '*[USER]*'
            complete -c virturi -n "__fish_seen_subcommand_from $command" \
                -a '(__fish_complete_users)'
        case '*[FILE*'
            complete -c virturi -n "__fish_seen_subcommand_from $command" -F
    end
end
