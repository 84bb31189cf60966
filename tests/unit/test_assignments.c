/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../helper/assignments.h"

/* L and V stand for the two names, in texts too: see spell_out(). */
static const char *const names[] = {
	['L'] = "LIBVIRT_DEFAULT_URI",
	['V'] = "VIRSH_DEFAULT_CONNECT_URI",
};

/*
 * A text, and what is told of it: "2:L=value", "2:L?" for a value that is not
 * plain, "2:L-" for a variable removed; blanks between.
 */
struct row {
	const char *name, *text, *told;
};

/* @L and @V become the names. Owned. */
static char *
spell_out(const char *text)
{
	char *long_text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&long_text, &size);

	assert_non_null(out);
	for (; *text != '\0'; text++) {
		if (text[0] == '@' && (text[1] == 'L' || text[1] == 'V'))
			fputs(names[(unsigned char)*++text], out);
		else
			putc(*text, out);
	}
	assert_int_equal(fclose(out), 0);
	return long_text;
}

struct hearing {
	char text[4096];
	size_t count;
};

static void
hear(void *context, const struct assignment *assignment)
{
	struct hearing *hearing = context;
	size_t used = strlen(hearing->text);
	bool is_virsh = strcmp(assignment->variable, names['V']) == 0;

	if (!is_virsh)
		assert_string_equal(assignment->variable, names['L']);
	assert_null(assignment->file);
	if (assignment->is_unset)
		assert_null(assignment->value);
	hearing->count++;
	snprintf(hearing->text + used, sizeof(hearing->text) - used,
		"%s%u:%c%s%s", used > 0 ? " " : "", assignment->line,
		is_virsh ? 'V' : 'L',
		assignment->is_unset                ? "-"
			: assignment->value == NULL ? "?"
						    : "=",
		assignment->value != NULL ? assignment->value : "");
}

static void
check(enum dialect dialect, const struct row *row)
{
	struct hearing hearing = { 0 };
	char *text = spell_out(row->text);

	assignments_parse(dialect, text, strlen(text), hear, &hearing);
	free(text);
	assert_string_equal(hearing.text, row->told);
}

static const struct row sh_rows[] = {
	{ "export", "export @L=qemu:///system\n", "1:L=qemu:///system" },
	{ "no line end", "export @L=qemu:///system", "1:L=qemu:///system" },
	{ "virsh's own", "export @V=a", "1:V=a" },
	{ "both, and another", "export A=b @L=c @V=d", "1:L=c 1:V=d" },
	{ "leading blanks", "\t  export @L=a", "1:L=a" },
	{ "lines are counted", "\n# x\n\nexport @L=a\n", "4:L=a" },
	{ "a plain assignment", "@L=a", "1:L=a" },
	{ "several", "A=b @L=c", "1:L=c" },
	{ "exported afterwards", "@L=a; export @L", "1:L=a" },
	{ "export without a value", "export @L", "" },
	{ "declare", "declare -x @L=a", "1:L=a" },
	{ "typeset", "typeset -x @L=a", "1:L=a" },
	{ "typeset, with other letters", "typeset -gx @L=a", "1:L=a" },
	{ "readonly", "readonly @L=a", "1:L=a" },
	{ "behind --", "export -- @L=a", "1:L=a" },
	{ "builtin", "builtin export @L=a", "1:L=a" },
	{ "command", "command export @L=a", "1:L=a" },
	{ "after a test", "[ -n x ] && export @L=a", "1:L=a" },
	{ "after a failure", "false || export @L=a", "1:L=a" },
	{ "after a statement", "true; export @L=a", "1:L=a" },
	{ "in the background", "true & export @L=a", "1:L=a" },
	{ "without blanks", "true;export @L=a;true", "1:L=a" },
	{ "in an if", "if true; then\n\texport @L=a\nfi", "2:L=a" },
	{ "in an if, on one line", "if true; then export @L=a; fi", "1:L=a" },
	{ "in an else", "if false; then :; else export @L=a; fi", "1:L=a" },
	{ "in a loop", "for i in 1; do export @L=a; done", "1:L=a" },
	{ "in braces", "{ export @L=a; }", "1:L=a" },
	{ "in a case", "case x in x) export @L=a;; esac", "1:L=a" },
	{ "two lines", "export @L=a\nexport @L=b", "1:L=a 2:L=b" },
	{ "with a redirection", "export @L=a >/dev/null 2>&1", "1:L=a" },
	{ "a redirection between", "export >/dev/null @L=a", "1:L=a" },
	{ "a plain one, redirected", "@L=a 2>/dev/null", "1:L=a" },
	{ "without a blank before <", "export @L=a</dev/null", "1:L=a" },
	{ "a line that goes on", "export \\\n\tA=b \\\n\t@L=c", "3:L=c" },
	{ "a value that goes on", "export @L=a\\\nb", "1:L=ab" },
	{ "two backslashes", "echo a\\\\\n@L=a", "2:L=a" },
	{ "a comment does not go on", "# x \\\nexport @L=a", "2:L=a" },
	{ "nor one behind", "true # x \\\nexport @L=a", "2:L=a" },

	/* values */
	{ "single quotes", "export @L='a b'", "1:L=a b" },
	{ "double quotes", "export @L=\"a b\"", "1:L=a b" },
	{ "all quoted", "export '@L=a b'", "1:L=a b" },
	{ "all quoted, with a variable", "export \"@L=$X\"", "1:L?" },
	{ "all quoted, with a default", "export \"@L=${@L:-a}\"", "" },
	{ "all quoted is a command elsewhere", "'@L=a'", "" },
	{ "quotes in the middle", "export @L=a'b'\"c\"d", "1:L=abcd" },
	{ "nothing", "export @L=", "1:L=" },
	{ "empty quotes", "export @L=''", "1:L=" },
	{ "a backslash", "export @L=a\\ b", "1:L=a b" },
	{ "escapes in quotes", "export @L=\"\\$\\\"\\\\\\x\"", "1:L=$\"\\\\x" },
	{ "none in single quotes", "export @L='a\\'", "1:L=a\\" },
	{ "a dollar, quoted", "export @L='$HOME'", "1:L=$HOME" },
	{ "a variable", "export @L=$X", "1:L?" },
	{ "a variable in quotes", "export @L=\"qemu+ssh://$X/system\"",
		"1:L?" },
	{ "a variable in braces", "export @L=${X}", "1:L?" },
	{ "a command", "export @L=$(echo a b)", "1:L?" },
	{ "a command in quotes", "export @L=\"$(echo \"a b\")\"", "1:L?" },
	{ "an old command", "export @L=`echo a b`", "1:L?" },
	{ "an apostrophe in quotes", "export A=\"it's\" @L=a", "1:L=a" },
	{ "quotes in apostrophes", "export A='\"' @L=a # \"", "1:L=a" },
	{ "a bracket in braces", "export A=${X:-a)b} @L=c", "1:L=c" },
	{ "commands in commands in quotes",
		"export A=\"$(echo \"$(echo \"b c\")\")\" @L=d", "1:L=d" },
	{ "braces in quotes in a command",
		"export A=$(echo \"${X:-\"b c\"}\") @L=d", "1:L=d" },
	{ "backquotes in quotes", "export A=\"`echo \"b c\"`\" @L=d", "1:L=d" },
	{ "a home", "export @L=~/x", "1:L?" },
	{ "a C string", "export @L=$'a'", "1:L?" },
	{ "brackets and query", "export @L=qemu+ssh://u@[::1]/system?keyfile=x",
		"1:L=qemu+ssh://u@[::1]/system?keyfile=x" },
	{ "two parameters need quotes", "export @L='a?b=c&d=e'",
		"1:L=a?b=c&d=e" },
	{ "a hash inside", "export @L=a#b", "1:L=a#b" },
	{ "a comment behind", "export @L=a # b", "1:L=a" },
	{ "appended", "@L+=a", "1:L?" },
	{ "a quote without end", "export @L='a", "1:L?" },
	{ "a double one", "export @L=\"a", "1:L?" },
	{ "then goes on", "export @L='a\nexport @L=b", "1:L? 2:L=b" },
	{ "a command without end", "export @L=$(echo", "1:L?" },
	{ "a backslash at the end", "export @L=a\\", "1:L?" },
	{ "bytes beyond ASCII", "export @L=\xff\xc3\xa4", "1:L=\xff\xc3\xa4" },
	{ "escape sequences", "export @L=\033[31m", "1:L=\033[31m" },
	{ "CRLF: a shell keeps the CR", "export @L=a\r\n", "1:L=a\r" },

	/* removed */
	{ "unset", "unset @L", "1:L-" },
	{ "unset -v", "unset -v A @L @V", "1:L- 1:V-" },
	{ "unset -f", "unset -f @L", "" },
	{ "no longer exported", "export -n @L", "1:L-" },
	{ "with a value too", "export -n @L=a", "1:L-" },
	{ "typeset +x", "typeset +x @L", "1:L-" },
	{ "in a condition", "true && unset @L 2>/dev/null", "1:L-" },

	/* none */
	{ "nothing at all", "", "" },
	{ "a comment", "# export @L=a", "" },
	{ "a comment, indented", "  #export @L=a", "" },
	{ "behind a comment", "true # export @L=a", "" },
	{ "behind a comment and ;", "true # x; export @L=a", "" },
	{ "quoted text", "echo 'export @L=a'", "" },
	{ "quoted text with ;", "echo \"x; export @L=a\"", "" },
	{ "an argument", "echo export @L=a", "" },
	{ "for one command", "@L=a virsh list", "" },
	{ "for one command, with env", "env @L=a virsh list", "" },
	{ "for one command, in a pipe", "@L=a virsh list | cat", "" },
	{ "an alias", "alias v='@L=a virsh'", "" },
	{ "another name before", "export MY_@L=a", "" },
	{ "another name behind", "export @L_OLD=a", "" },
	{ "unset of another name", "unset @L_OLD MY_@L", "" },
	{ "a use", "echo $@L \"${@L}\"", "" },
	{ "compared", "[ \"$@L\" = a ]", "" },
	{ "compared the other way", "test @L=a", "" },
	{ "in a subshell", "(export @L=a)", "" },
	{ "in a subshell, behind", "(cd /; export @L=a; true)", "" },
	{ "after a subshell", "(cd /); export @L=a", "1:L=a" },
	{ "in a command substitution", "A=$(export @L=a; echo b)", "" },
	{ "eval", "eval 'export @L=a'", "" },
	{ "local", "local @L=a", "" },
	{ "a here document", "cat <<EOF\nexport @L=a\nEOF\n", "" },
	{ "one that is quoted", "cat <<'EOF'\nexport @L=a\nEOF\n", "" },
	{ "one that is indented", "cat <<-EOF\n\texport @L=a\n\tEOF\n", "" },
	{ "behind it", "cat <<EOF >/dev/null\nx\nEOF\nexport @L=a", "4:L=a" },
	{ "a here string", "cat <<<EOF >/dev/null\nexport @L=a", "2:L=a" },
	{ "no end of it", "cat <<EOF\nexport @L=a", "2:L=a" },
	{ "a shift", "x=$((1<<EOF))\nexport @L=a\nEOF", "2:L=a" },

	/* a value that is there already stays */
	{ "a default", "export @L=${@L:-a}", "" },
	{ "a default in quotes", "export @L=\"${@L:-a}\"", "" },
	{ "a default, if not set", "@L=${@L-a}", "" },
	{ "assigned by default", ": \"${@L:=a}\"", "" },
	{ "assigned and exported", "export @L=${@L=a}", "" },
	{ "instead of it", "export @L=${@L:+a}", "1:L?" },
	{ "another's default", "export @L=${X:-a}", "1:L?" },
	{ "after a test", "[ -z \"$@L\" ] && export @L=a", "" },
	{ "after a test in a function", "test -z \"$@L\" && @L=a", "" },
	{ "after bash's test", "[[ -z $@L ]] && export @L=a", "" },
	{ "or after the opposite", "[ -n \"$@L\" ] || export @L=a", "" },
	{ "in an if", "if [ -z \"$@L\" ]; then export @L=a; fi", "" },
	{ "below an if",
		"if [ -z \"$@L\" ]; then\n\texport @L=a\nfi\nexport @V=b",
		"4:V=b" },
	{ "below an if and a then",
		"if [ -z \"$@L\" ]\nthen\n\texport @L=a\nfi", "" },
	{ "below an if and a comment",
		"if [ -z \"$@L\" ]; then\n\t# x\n\n\texport @L=a\nfi", "" },
	{ "not two lines below", "if [ -z \"$@L\" ]; then\n:\nexport @L=a\nfi",
		"3:L=a" },
	{ "another's test", "[ -z \"$@V\" ] && export @L=a", "1:L=a" },
	{ "a test for more than nothing", "[ -n \"$@L\" ] && export @L=a",
		"1:L=a" },
};

static const struct row csh_rows[] = {
	{ "setenv", "setenv @L qemu:///system\n", "1:L=qemu:///system" },
	{ "in quotes", "setenv @L \"a b\"", "1:L=a b" },
	{ "in single quotes", "setenv @L 'a b'", "1:L=a b" },
	{ "no value", "setenv @L", "1:L=" },
	{ "a variable", "setenv @L $x", "1:L?" },
	{ "after a condition", "if ( 1 ) setenv @L a", "1:L=a" },
	{ "in an if", "if ( 1 ) then\n  setenv @L a\nendif", "2:L=a" },
	{ "after a command", "true && setenv @L a; true", "1:L=a" },
	{ "unsetenv", "unsetenv @L", "1:L-" },
	{ "a comment", "# setenv @L a", "" },
	{ "behind a command", "true # setenv @L a", "" },
	{ "another name", "setenv @L_OLD a", "" },
	{ "a shell variable", "set @L=a", "" },
	{ "quoted text", "echo 'setenv @L a'", "" },
	{ "no name", "setenv", "" },
	{ "if it is not set", "if ( ! $?@L ) setenv @L a", "" },
	{ "below that if", "if(! $?@L) then\n  setenv @L a\nendif", "" },
	{ "below that if, with a blank",
		"if (! $?@L) then\n  setenv @L a\nendif", "" },
};

static const struct row fish_rows[] = {
	{ "set -gx", "set -gx @L qemu:///system\n", "1:L=qemu:///system" },
	{ "letters apart", "set -x -g @L a", "1:L=a" },
	{ "long options", "set --export --global @L a", "1:L=a" },
	{ "no options: it is exported already", "set @L a", "1:L=a" },
	{ "in quotes", "set -gx @L 'a b'", "1:L=a b" },
	{ "in double quotes", "set -gx @L \"a b\"", "1:L=a b" },
	{ "escapes in quotes", "set -gx @L 'it\\'s'", "1:L=it's" },
	{ "a backslash in quotes", "set -gx @L 'a\\b'", "1:L=a\\b" },
	{ "an escape", "set -gx @L a\\tb", "1:L?" },
	{ "nothing", "set -gx @L", "1:L=" },
	{ "a list", "set -gx @L a b", "1:L?" },
	{ "a variable", "set -gx @L $x", "1:L?" },
	{ "a variable in quotes", "set -gx @L \"$x\"", "1:L?" },
	{ "a command", "set -gx @L (echo a b)", "1:L?" },
	{ "after a command", "true; and set -gx @L a", "1:L=a" },
	{ "after &&", "true && set -gx @L a", "1:L=a" },
	{ "in an if", "if true; set -gx @L a; end", "1:L=a" },
	{ "in a begin", "begin; set -gx @L a; end", "1:L=a" },
	{ "export", "export @L=a", "1:L=a" },
	{ "CRLF", "set -gx @L a\r\n", "1:L=a" },
	{ "a line that goes on", "set -gx \\\n @L a", "2:L=a" },
	{ "a comment behind", "set -gx @L a # b", "1:L=a" },
	{ "erased", "set -e @L", "1:L-" },
	{ "erased, globally", "set --global --erase @L", "1:L-" },
	{ "no longer exported", "set -gu @L a", "1:L-" },
	{ "appended", "set -a @L b", "1:L?" },
	{ "a comment", "# set -gx @L a", "" },
	{ "local", "set -l @L a", "" },
	{ "local, exported", "set -lx @L a", "" },
	{ "asked", "set -q @L", "" },
	{ "universal: what is set already hides it", "set -Ux @L a", "" },
	{ "universal, in full", "set --universal --export @L a", "" },
	{ "for one command", "@L=a virsh list", "" },
	{ "another name", "set -gx @L_OLD a", "" },
	{ "quoted text", "echo 'set -gx @L a'", "" },
	{ "if it is not set", "set -q @L; or set -gx @L a", "" },
	{ "if it is not set, with ||", "set -q @L || set -gx @L a", "" },
	{ "below an if", "if not set -q @L\n  set -gx @L a\nend", "" },
};

static const struct row environment_rows[] = {
	{ "a line", "@L=qemu:///system\n", "1:L=qemu:///system" },
	{ "in quotes", "@L=\"qemu:///system\"", "1:L=qemu:///system" },
	{ "in single quotes", "@L='a b'", "1:L=a b" },
	{ "with blanks", "@L=a b", "1:L=a b" },
	{ "as PAM allows it", "export @L=a", "1:L=a" },
	{ "CRLF", "@L=a\r\n@V=b\r\n", "1:L=a 2:V=b" },
	{ "leading and trailing blanks", "  @L = a ", "1:L=a" },
	{ "nothing", "@L=", "1:L=" },
	{ "a variable", "@L=qemu+ssh://${H}/system", "1:L?" },
	{ "a comment, or not", "@L=a # b", "1:L?" },
	{ "query parameters", "@L=a?b=c&d=e;f", "1:L=a?b=c&d=e;f" },
	{ "brackets", "@L=qemu+ssh://[::1]/system",
		"1:L=qemu+ssh://[::1]/system" },
	{ "a comment", "#@L=a", "" },
	{ "another comment", ";@L=a", "" },
	{ "another name", "X@L=a\n@LX=a", "" },
	{ "a default", "@L=${@L:-a}", "" },
	{ "no value", "@L", "" },
};

static const struct row pam_env_rows[] = {
	{ "a default", "@L DEFAULT=qemu:///system\n", "1:L=qemu:///system" },
	{ "in quotes", "@L\tDEFAULT=\"a b\"", "1:L=a b" },
	{ "an override", "@L DEFAULT=a OVERRIDE=b", "1:L=b" },
	{ "the other order", "@L OVERRIDE=b DEFAULT=a", "1:L=b" },
	{ "an empty override", "@L DEFAULT=a OVERRIDE=", "1:L=a" },
	{ "on two lines", "@L \\\n DEFAULT=a", "1:L=a" },
	{ "query parameters", "@L DEFAULT=a?b=c&d=e", "1:L=a?b=c&d=e" },
	{ "a PAM item", "@L DEFAULT=qemu+ssh://@{PAM_RHOST}/system", "1:L?" },
	{ "a variable", "@L DEFAULT=${HOME}", "1:L?" },
	{ "nothing: it is removed", "@L", "1:L-" },
	{ "nothing, in words", "@L DEFAULT= OVERRIDE=", "1:L-" },
	{ "as in /etc/environment", "@L=a", "1:L=a" },
	{ "an older value counts", "@L DEFAULT=a OVERRIDE=${@L}", "" },
	{ "a comment", "# @L DEFAULT=a", "" },
	{ "another name", "@L_OLD DEFAULT=a", "" },
	{ "another name's value", "A DEFAULT=@L", "" },
};

static const struct row systemd_rows[] = {
	{ "for all units", "[Manager]\nDefaultEnvironment=@L=a\n", "2:L=a" },
	{ "for the manager", "ManagerEnvironment=@L=a", "1:L=a" },
	{ "of a unit", "[Service]\nEnvironment=@L=a", "2:L=a" },
	{ "several", "DefaultEnvironment=A=b @L=c @V=d", "1:L=c 1:V=d" },
	{ "in quotes", "DefaultEnvironment=\"@L=a b\" 'A=b'", "1:L=a b" },
	{ "blanks around", "DefaultEnvironment = @L=a", "1:L=a" },
	{ "on two lines", "DefaultEnvironment=A=b \\\n\t@L=c", "2:L=c" },
	{ "no quote at the end", "DefaultEnvironment=@L='a", "1:L?" },
	{ "none at the very end", "DefaultEnvironment=\"@L=a", "1:L?" },
	{ "a comment", "#DefaultEnvironment=@L=a", "" },
	{ "another key", "PassEnvironment=@L=a", "" },
	{ "reset", "DefaultEnvironment=", "" },
	{ "another name", "DefaultEnvironment=X@L=a", "" },
};

static const struct row nu_rows[] = {
	{ "an assignment", "$env.@L = \"qemu:///system\"\n",
		"1:L=qemu:///system" },
	{ "in single quotes", "$env.@L = 'a b'", "1:L=a b" },
	{ "bare", "$env.@L = a", "1:L=a" },
	{ "of old", "let-env @L = \"a\"", "1:L=a" },
	{ "a record", "load-env { A: \"b\", @L: \"c\" }", "1:L=c" },
	{ "a record without blanks", "load-env {@L: \"c\"}", "1:L=c" },
	{ "a record on several lines", "load-env {\n  @L: \"c\"\n}", "2:L=c" },
	{ "in a block", "if true { $env.@L = \"a\" }", "1:L=a" },
	{ "computed", "$env.@L = (echo a)", "1:L?" },
	{ "interpolated", "$env.@L = $\"a($x)\"", "1:L?" },
	{ "escaped", "$env.@L = \"a\\nb\"", "1:L?" },
	{ "put together", "$env.@L = \"a\" + \"b\"", "1:L?" },
	{ "hidden", "hide-env @L", "1:L-" },
	{ "no line goes on", "echo a\\\n$env.@L = \"a\"", "2:L=a" },
	{ "hidden, with an option", "hide-env -i @L", "1:L-" },
	{ "a comment", "# $env.@L = \"a\"", "" },
	{ "a use", "echo $env.@L", "" },
	{ "another name", "$env.@L_OLD = \"a\"", "" },
	{ "a default", "$env.@L = ($env.@L? | default \"a\")", "" },
	{ "a condition", "if \"@L\" not-in $env {\n  $env.@L = \"a\"\n}", "" },
};

static const struct row xonsh_rows[] = {
	{ "an assignment", "$@L = 'qemu:///system'\n", "1:L=qemu:///system" },
	{ "without blanks", "$@L='a b'", "1:L=a b" },
	{ "in double quotes", "$@L = \"a\"", "1:L=a" },
	{ "in triple quotes", "$@L = \"\"\"a\"\"\"", "1:L=a" },
	{ "by its name", "${'@L'} = 'a'", "1:L=a" },
	{ "in the environment", "__xonsh__.env['@L'] = 'a'", "1:L=a" },
	{ "indented", "if True:\n    $@L = 'a'", "2:L=a" },
	{ "computed", "$@L = x", "1:L?" },
	{ "formatted", "$@L = f'{x}'", "1:L?" },
	{ "put together", "$@L = 'a' + 'b'", "1:L?" },
	{ "deleted", "del $@L", "1:L-" },
	{ "a comment", "# $@L = 'a'", "" },
	{ "a use", "echo $@L", "" },
	{ "another name", "$@L_OLD = 'a'", "" },
	{ "a default", "$@L = ${...}.get('@L', 'a')", "" },
	{ "a condition", "if '@L' not in ${...}:\n    $@L = 'a'", "" },
};

static const struct row elvish_rows[] = {
	{ "set", "set E:@L = qemu:///system\n", "1:L=qemu:///system" },
	{ "of old", "E:@L = a", "1:L=a" },
	{ "set-env", "set-env @L a", "1:L=a" },
	{ "in quotes", "set E:@L = 'a b'", "1:L=a b" },
	{ "in double quotes", "set-env @L \"a b\"", "1:L=a b" },
	{ "in a block", "if $true { set E:@L = a }", "1:L=a" },
	{ "computed", "set E:@L = (echo a)", "1:L?" },
	{ "a variable", "set E:@L = $x", "1:L?" },
	{ "unset-env", "unset-env @L", "1:L-" },
	{ "no line goes on", "echo a\\\nset-env @L a", "2:L=a" },
	{ "del", "del E:@L", "1:L-" },
	{ "a comment", "# set-env @L a", "" },
	{ "a use", "echo $E:@L", "" },
	{ "for a while", "tmp E:@L = a", "" },
	{ "another name", "set-env @L_OLD a", "" },
	{ "a condition", "if (not (has-env @L)) {\n  set-env @L a\n}", "" },
};

#define TEST(dialect, function)                                                \
	static void function(void **state)                                     \
	{                                                                      \
		check(dialect, *state);                                        \
	}

TEST(DIALECT_SH, test_sh)
TEST(DIALECT_CSH, test_csh)
TEST(DIALECT_FISH, test_fish)
TEST(DIALECT_ENVIRONMENT, test_environment)
TEST(DIALECT_PAM_ENV, test_pam_env)
TEST(DIALECT_SYSTEMD, test_systemd)
TEST(DIALECT_NU, test_nu)
TEST(DIALECT_XONSH, test_xonsh)
TEST(DIALECT_ELVISH, test_elvish)

/* --- What nobody would write ---------------------------------------------- */

static void
count_told(void *context, const struct assignment *assignment)
{
	size_t *count = context;

	(void)assignment;
	(*count)++;
}

/* In every dialect; returns the number of assignments told in sh. */
static size_t
parse_all(const char *text, size_t size)
{
	size_t counts[DIALECT_ELVISH + 1] = { 0 };
	/* a copy of just this size: valgrind and asan see who reads beyond */
	char *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	for (enum dialect d = DIALECT_SH; d <= DIALECT_ELVISH; d++)
		assignments_parse(d, copy, size, count_told, &counts[d]);
	free(copy);
	return counts[DIALECT_SH];
}

#define MEGABYTE ((size_t)1 << 20)

/* A text of this size: one piece, over and over. Owned. */
static char *
repeat(const char *piece, size_t size)
{
	size_t length = strlen(piece);
	char *text = malloc(size + 1);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = piece[i % length];
	text[size] = '\0';
	return text;
}

static const struct {
	const char *name, *piece;
} big_rows[] = {
	{ "letters", "a" },
	{ "blanks", " " },
	{ "line ends", "\n" },
	{ "backslashes", "\\" },
	{ "lines that go on", "\\\n" },
	{ "quotes", "'\"`" },
	{ "double quotes", "\"" },
	{ "opening brackets", "((" },
	{ "opening commands", "\"$(" },
	{ "opening braces", "${{" },
	{ "separators", ";&|" },
	{ "redirections", "<>" },
	{ "here documents", "<<A\n" },
	{ "here documents that end", "<<A\nA\n" },
	{ "assignments on one line", "LIBVIRT_DEFAULT_URI=a;" },
	{ "equals signs", "=" },
	{ "dollars", "$" },
	{ "a name without an end", "LIBVIRT_DEFAULT_URI" },
	{ "conditions", "if [ -z LIBVIRT_DEFAULT_URI ]\n" },
};

/* A line of more than ASSIGNMENTS_LINE_MAX bytes says nothing. */
static void
test_big(void **state)
{
	const char *const *row = *state;
	char *text = repeat(row[1], MEGABYTE);
	static const char last[] = "\nexport LIBVIRT_DEFAULT_URI=a\n";
	bool goes_on = row[1][0] == '\\';

	memcpy(text + MEGABYTE - sizeof(last) + 1, last, sizeof(last) - 1);
	if (goes_on)
		text[MEGABYTE - sizeof(last)] = 'x';
	assert_int_equal(parse_all(text, MEGABYTE), 1);
	free(text);
}

/* Up to the limit a line counts. */
static void
test_long_line(void **state)
{
	static const char setting[] = "export LIBVIRT_DEFAULT_URI=";
	char *text = repeat("x", ASSIGNMENTS_LINE_MAX + 1);

	(void)state;
	memcpy(text, setting, sizeof(setting) - 1);
	assert_int_equal(parse_all(text, ASSIGNMENTS_LINE_MAX), 1);
	assert_int_equal(parse_all(text, ASSIGNMENTS_LINE_MAX + 1), 0);
	free(text);
}

/* A NUL is a byte like others, but no value has one. */
static void
test_nul(void **state)
{
	static const char text[] = "\0export LIBVIRT_DEFAULT_URI=a\n"
				   "export LIBVIRT_DEFAULT_URI=a\0b\n"
				   "export LIBVIRT_DEFAULT_URI=c\n";
	struct hearing hearing = { 0 };

	(void)state;
	assignments_parse(DIALECT_SH, text, sizeof(text) - 1, hear, &hearing);
	assert_string_equal(hearing.text, "2:L? 3:L=c");
}

/* Whatever stands there, all of it is read and nothing beyond. */
static void
test_noise(void **state)
{
	static const char alphabet[] = "LIBVIRT_DEFAULT_URI=\n\n  ;;\"\"''$(){}"
				       "\\`<<#&|-~exportsetE:.env\r\t[]'";
	static const char setting[] = "export LIBVIRT_DEFAULT_URI=";
	uint64_t seed = 4;
	char text[400] = "";

	(void)state;
	for (int round = 0; round < 4000; round++) {
		size_t size = fake_random(&seed) % sizeof(text);

		for (size_t i = 0; i < size; i++)
			text[i] =
				alphabet[fake_random(&seed) % sizeof(alphabet)];
		if (size > 60)
			memcpy(text + fake_random(&seed) % 20, setting,
				sizeof(setting) - 1);
		parse_all(text, size);
	}
}

int
main(void)
{
	struct suite suite = { 0 };

	suite_add(&suite, "sh", test_sh, SUITE_ROWS(sh_rows));
	suite_add(&suite, "csh", test_csh, SUITE_ROWS(csh_rows));
	suite_add(&suite, "fish", test_fish, SUITE_ROWS(fish_rows));
	suite_add(&suite, "environment", test_environment,
		SUITE_ROWS(environment_rows));
	suite_add(&suite, "pam_env", test_pam_env, SUITE_ROWS(pam_env_rows));
	suite_add(&suite, "systemd", test_systemd, SUITE_ROWS(systemd_rows));
	suite_add(&suite, "nu", test_nu, SUITE_ROWS(nu_rows));
	suite_add(&suite, "xonsh", test_xonsh, SUITE_ROWS(xonsh_rows));
	suite_add(&suite, "elvish", test_elvish, SUITE_ROWS(elvish_rows));
	suite_add(&suite, "a megabyte of", test_big, SUITE_ROWS(big_rows));
	suite_add_one(&suite, "a long line", test_long_line);
	suite_add_one(&suite, "NULs", test_nul);
	suite_add_one(&suite, "noise", test_noise);
	return suite_run(&suite, "assignments");
}
