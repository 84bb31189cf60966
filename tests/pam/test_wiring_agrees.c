/* SPDX-License-Identifier: MIT */
/*
 * `virturi check` says which services reach the module; the real libpam says
 * whether that is so. A stack is written, with modules that return what they
 * are told; its session is opened for every combination of return values; and
 * what came of it must be what helper/wiring.h promised.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "../../helper/wiring.h"
#include "stack.h"

#define SERVICE "virturi-test"

/*
 * In the files' text: A, B and C are modules that return anything, OURS is the
 * module, and DIR where the files are. Debian's libpam includes by name from
 * /etc/pam.d only, whatever the private directory, so paths it is.
 */
struct row {
	const char *name;
	const char *service; /* NULL: there is no such file */
	const char *inner; /* the file DIR/inner */
	enum wiring_state state;
	const char *other; /* the file "other"; NULL: it refuses */
};

/* Something must say yes, or libpam refuses what nobody objects to. */
#define YES "session required pam_permit.so\n"

#define INCLUDE  "session include DIR/inner\n"
#define SUBSTACK "session substack DIR/inner\n"
#define LINE     "-session optional OURS\n"

static const struct row rows[] = {
	/* controls before the line */
	{ "alone", LINE, NULL, WIRING_REACHED, NULL },
	{ "required", "session required A\n" LINE, NULL, WIRING_REACHED, NULL },
	{ "requisite", "session requisite A\n" LINE, NULL, WIRING_REACHED,
		NULL },
	{ "optional", "session optional A\n" LINE, NULL, WIRING_REACHED, NULL },
	{ "sufficient", YES "session sufficient A\n" LINE, NULL,
		WIRING_CONDITIONAL, NULL },
	{ "sufficient that always is",
		"session sufficient pam_permit.so\n" LINE, NULL, WIRING_SKIPPED,
		NULL },
	{ "sufficient that never is",
		YES "session sufficient pam_deny.so\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "requisite that never holds", "session requisite pam_deny.so\n" LINE,
		NULL, WIRING_SKIPPED, NULL },
	{ "required that never holds", "session required pam_deny.so\n" LINE,
		NULL, WIRING_REACHED, NULL },
	{ "done", YES "session [success=done default=ignore] A\n" LINE, NULL,
		WIRING_CONDITIONAL, NULL },
	{ "done after a refusal",
		"session required pam_deny.so\n"
		"session [default=done] A\n" LINE,
		NULL, WIRING_REACHED, NULL },
	{ "done with an error",
		YES "session [success=ok default=done] A\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "done after an error",
		YES "session [default=ok] A\n"
		    "session [success=done default=ignore] B\n" LINE,
		NULL, WIRING_CONDITIONAL, NULL },
	{ "die", YES "session [default=die] A\n" LINE, NULL, WIRING_SKIPPED,
		NULL },
	{ "die on some", YES "session [success=die default=ok] A\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "reset", YES "session [default=reset] A\n" LINE YES, NULL,
		WIRING_REACHED, NULL },
	{ "reset after a refusal, then done",
		"session required pam_deny.so\nsession [default=reset] A\n" YES
		"session sufficient B\n" LINE,
		NULL, WIRING_CONDITIONAL, NULL },

	/* jumps */
	{ "a jump over it",
		YES "session [success=1 default=ignore] A\n" LINE YES, NULL,
		WIRING_CONDITIONAL, NULL },
	{ "a jump to it",
		YES "session [success=1 default=ignore] A\n"
		    "session optional B\n" LINE,
		NULL, WIRING_REACHED, NULL },
	{ "a jump always", YES "session [default=1] A\n" LINE YES, NULL,
		WIRING_SKIPPED, NULL },
	{ "a jump by pam_permit",
		"session [default=1] pam_permit.so\n"
		"session requisite pam_deny.so\n" YES LINE,
		NULL, WIRING_REACHED, NULL },
	{ "a jump by pam_permit that it never makes",
		YES
		"session [session_err=1 default=ignore] pam_permit.so\n" LINE,
		NULL, WIRING_REACHED, NULL },
	{ "a jump by pam_deny",
		YES
		"session [session_err=1 default=bad] pam_deny.so\n" LINE YES,
		NULL, WIRING_SKIPPED, NULL },
	{ "a jump to the end",
		YES "session [success=1 default=ignore] A\n" LINE, NULL,
		WIRING_CONDITIONAL, NULL },
	{ "a jump too far", YES "session [success=2 default=ignore] A\n" LINE,
		NULL, WIRING_CONDITIONAL, NULL },
	{ "a jump that is always too far", YES "session [default=9] A\n" LINE,
		NULL, WIRING_SKIPPED, NULL },
	{ "a jump over a jump",
		YES "session [success=1 default=ignore] A\n"
		    "session [default=1] B\n"
		    "session optional C\n" LINE,
		NULL, WIRING_REACHED, NULL },
	{ "a jump over a jump, one line too early",
		YES "session [success=1 default=ignore] A\n"
		    "session [default=1] B\n" LINE "session optional C\n",
		NULL, WIRING_CONDITIONAL, NULL },
	{ "a jump that comes later",
		YES LINE "session [default=1] A\nsession optional B\n", NULL,
		WIRING_REACHED, NULL },
	{ "twice, one of them jumped over",
		YES "session [success=1 default=ignore] A\n" LINE LINE, NULL,
		WIRING_REACHED, NULL },
	{ "a jump after a refusal",
		"session required pam_deny.so\n"
		"session [success=1 default=ignore] A\n" LINE YES,
		NULL, WIRING_REACHED, NULL },

	/* includes */
	{ "included", YES INCLUDE, LINE, WIRING_REACHED, NULL },
	{ "included, sufficient there", YES INCLUDE LINE,
		"session sufficient A\n", WIRING_CONDITIONAL, NULL },
	{ "a jump into what is included",
		YES "session [success=1 default=ignore] A\n" INCLUDE,
		"session optional B\n" LINE, WIRING_REACHED, NULL },
	{ "a jump out of what is included", YES INCLUDE LINE YES,
		"session [success=1 default=ignore] A\n", WIRING_CONDITIONAL,
		NULL },
	{ "included by type", YES INCLUDE,
		"auth optional A\naccount required B\n" LINE, WIRING_REACHED,
		NULL },
	{ "of another type", YES INCLUDE, "auth optional OURS\n", WIRING_ABSENT,
		NULL },
	{ "included from a file that is not there",
		YES "session include DIR/absent\n" LINE, NULL, WIRING_REACHED,
		NULL },
	{ "what cannot be included counts as a line",
		YES "session [success=1 default=ignore] A\n"
		    "session include DIR/absent\n" LINE,
		NULL, WIRING_REACHED, NULL },
	{ "-session include", YES "-session include DIR/inner\n", LINE,
		WIRING_REACHED, NULL },

	/* substacks */
	{ "in a substack", YES SUBSTACK, LINE, WIRING_REACHED, NULL },
	{ "sufficient ends the substack only", YES SUBSTACK LINE,
		"session sufficient A\nsession required B\n", WIRING_REACHED,
		NULL },
	{ "sufficient in the substack, before it", YES SUBSTACK,
		"session sufficient A\n" LINE, WIRING_CONDITIONAL, NULL },
	{ "die ends the substack only", YES SUBSTACK LINE,
		"session [default=die] A\n", WIRING_REACHED, NULL },
	{ "die in the substack, reset behind it",
		YES SUBSTACK LINE "session [default=reset] C\n" YES,
		"session requisite A\nsession optional B\n", WIRING_REACHED,
		NULL },
	{ "a substack counts as one line",
		YES "session [success=1 default=ignore] A\n" SUBSTACK LINE,
		"session optional B\nsession optional C\n", WIRING_REACHED,
		NULL },
	{ "a jump over the substack that has it",
		YES "session [success=1 default=ignore] A\n" SUBSTACK YES,
		"session optional B\n" LINE, WIRING_CONDITIONAL, NULL },
	{ "a jump too far in a substack goes on behind it", YES SUBSTACK LINE,
		"session [success=3 default=ignore] A\nsession optional B\n",
		WIRING_REACHED, NULL },
	{ "a jump within a substack, over it", YES SUBSTACK YES,
		"session [success=1 default=ignore] A\n" LINE YES,
		WIRING_CONDITIONAL, NULL },
	{ "done in a substack after an error, which is reset behind it",
		YES SUBSTACK "session [default=reset] A\n" YES,
		"session [session_err=ok] pam_deny.so\n"
		"session [success=done default=ignore] B\n" LINE,
		WIRING_CONDITIONAL, NULL },
	{ "an empty substack", YES "session [default=1] A\n" SUBSTACK LINE,
		"# nothing\n", WIRING_REACHED, NULL },
	{ "a substack behind an empty one",
		YES "session [default=2] A\n" SUBSTACK SUBSTACK LINE,
		"auth optional B\n", WIRING_REACHED, NULL },
	{ "two substacks", YES SUBSTACK SUBSTACK LINE,
		"session [success=done default=bad] A\nsession optional B\n",
		WIRING_REACHED, NULL },

	/* lists */
	{ "default first",
		YES "session [default=1 success=ignore] A\n" LINE YES, NULL,
		WIRING_CONDITIONAL, NULL },
	{ "no default is bad",
		YES "session [success=ok ignore=ignore] A\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "blanks around =",
		YES "session [ success = 1\tdefault =ignore ] A\n" LINE YES,
		NULL, WIRING_CONDITIONAL, NULL },
	{ "no blanks", YES "session [success=1default=ignore] A\n" LINE YES,
		NULL, WIRING_CONDITIONAL, NULL },
	{ "no such value", YES "session [succes=1 default=1] A\n" LINE YES,
		NULL, WIRING_REACHED, NULL },
	{ "no such action", YES "session [success=skip default=1] A\n" LINE YES,
		NULL, WIRING_REACHED, NULL },
	{ "a jump of 0", YES "session [success=0 default=1] A\n" LINE YES, NULL,
		WIRING_REACHED, NULL },
	{ "no action", YES "session [default=] A\n" LINE YES, NULL,
		WIRING_REACHED, NULL },
	{ "a keyword with a slip", YES "session sufficent A\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "a keyword in brackets", YES "session [sufficient] A\n" LINE, NULL,
		WIRING_CONDITIONAL, NULL },
	{ "a list without brackets", YES "session default=1 A\n" LINE YES, NULL,
		WIRING_SKIPPED, NULL },
	{ "capitals", YES "SESSION Sufficient A\nSession OPTIONAL OURS\n", NULL,
		WIRING_CONDITIONAL, NULL },
	{ "a bracket right before the module",
		YES "session [success=1 default=ignore]A\n" LINE YES, NULL,
		WIRING_CONDITIONAL, NULL },
	{ "a list that does not end", YES "session [default=1 A\n" LINE YES,
		NULL, WIRING_REACHED, NULL },

	/* lines */
	{ "continued", YES "session optional \\\n  OURS\n", NULL,
		WIRING_REACHED, NULL },
	{ "continued, blanks behind the backslash",
		YES "-session \\ \t\n\toptional\\\n OURS\n", NULL,
		WIRING_REACHED, NULL },
	{ "a backslash within", YES "session optional A x\\y\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "a comment", YES "#" LINE, NULL, WIRING_ABSENT, NULL },
	{ "a comment behind blanks", YES " \t# " LINE, NULL, WIRING_ABSENT,
		NULL },
	{ "a comment behind the line", YES "-session optional OURS # ours\n",
		NULL, WIRING_REACHED, NULL },
	{ "a comment that ends in a backslash",
		YES "session optional A # \\\n" LINE, NULL, WIRING_REACHED,
		NULL },
	{ "a comment swallows the module", YES "session optional # OURS\n" LINE,
		NULL, WIRING_REACHED, NULL },
	{ "no newline at the end", YES "session optional OURS", NULL,
		WIRING_REACHED, NULL },
	{ "a backslash at the end of what is included", YES INCLUDE LINE,
		"session optional A\\\n", WIRING_REACHED, NULL },
	{ "and that counts as a line",
		YES "session [success=2 default=ignore] A\n" INCLUDE LINE,
		"session optional B\nsession optional C\\\n", WIRING_REACHED,
		NULL },
	{ "an empty line in the middle", YES "\n \t\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "no module", YES "session optional\n" LINE, NULL, WIRING_REACHED,
		NULL },
	{ "no module, jumping", YES "session [default=1]\n" LINE YES, NULL,
		WIRING_SKIPPED, NULL },
	{ "no module is a refusal",
		YES "session [perm_denied=ignore default=1]\n" LINE YES, NULL,
		WIRING_REACHED, NULL },
	{ "no control", YES "session\n" LINE, NULL, WIRING_REACHED, NULL },
	{ "no type is auth", YES "sesion requisite A\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "no type counts where sessions are included", YES INCLUDE LINE,
		"sesion [default=1] A\n", WIRING_SKIPPED, NULL },
	{ "a module that is not there, required",
		"session required pam_virturi_absent.so\n" LINE, NULL,
		WIRING_REACHED, NULL },

	/* arguments */
	{ "brackets in arguments", YES "session optional A [a b]\n" LINE, NULL,
		WIRING_REACHED, NULL },
	{ "ours behind another module",
		YES "session optional A OURS\nsession optional B [ OURS ]\n",
		NULL, WIRING_ABSENT, NULL },

	/* other */
	{ "no file", NULL, NULL, WIRING_REACHED, LINE },
	{ "no session lines", "auth required A\n", NULL, WIRING_REACHED, LINE },
	{ "session lines of its own", YES, NULL, WIRING_ABSENT, LINE },
	{ "an empty file", "# nothing\n", NULL, WIRING_ABSENT,
		YES "session optional A\n" },
};

/* --- Stacks -------------------------------------------------------------- */

static struct stack pamd; /* libpam's directory */
static struct stack tree; /* the root of … */
static struct stack followed; /* … /etc/pam.d, with the same files */
static struct policy_text policy;

/* What A, B and C may return. */
static const char *const values[] = {
	"success",
	"session_err",
	"ignore",
};

#define VALUES (sizeof(values) / sizeof(values[0]))

static int
begin(void **state)
{
	(void)state;
	names_use("names");
	pamd = stack_new();
	tree = stack_new();
	snprintf(followed.directory, sizeof(followed.directory), "%.4000s/etc",
		tree.directory);
	assert_int_equal(mkdir(followed.directory, 0755), 0);
	strcat(followed.directory, "/pam.d");
	assert_int_equal(mkdir(followed.directory, 0755), 0);
	policy = policy_text_new("[user alice]\nuri = test:///default\n", 0644);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	policy_text_end(&policy);
	stack_end(&tree);
	stack_end(&pamd);
	return 0;
}

/* Which of the values a module returns in this combination. */
static const char *
value_in(size_t combination, size_t module)
{
	for (; module > 0; module--)
		combination /= VALUES;
	return values[combination % VALUES];
}

/* A, B or C, and not as a part of a word. */
static bool
is_module(const char *text)
{
	return *text >= 'A' && *text <= 'C' && strchr(" \n\\", text[1]) != NULL;
}

/* How many combinations are there of what these lines' modules return? */
static size_t
count_combinations(const char *text)
{
	char last = 'A' - 1;
	size_t count = 1;

	for (; text != NULL && *text != '\0'; text++) {
		if (is_module(text) && last < *text)
			last = *text;
	}
	for (; last >= 'A'; last--)
		count *= VALUES;
	return count;
}

/* Owned. */
static char *
fill_in(const char *text, const char *directory, size_t combination)
{
	char *filled = NULL;
	char *module = build_path("pam_virturi.so");
	size_t size;
	FILE *out = open_memstream(&filled, &size);

	assert_non_null(out);
	for (; *text != '\0'; text++) {
		if (strncmp(text, "OURS", 4) == 0) {
			fprintf(out, "%s policy=%s", module, policy.path);
			text += 3;
		} else if (strncmp(text, "DIR", 3) == 0) {
			fputs(directory, out);
			text += 2;
		} else if (is_module(text)) {
			fprintf(out, "pam_debug.so open_session=%s",
				value_in(combination, (size_t)(*text - 'A')));
		} else {
			fputc(*text, out);
		}
	}
	assert_int_equal(fclose(out), 0);
	free(module);
	return filled;
}

static void
write_file(const struct stack *stack, const char *name, const char *text,
	size_t combination)
{
	bool is_followed = stack == &followed;
	char *path = format_text("%s/%s", stack->directory, name), *filled;

	if (text == NULL) {
		unlink(path);
	} else {
		filled = fill_in(text,
			is_followed ? "/etc/pam.d" : stack->directory,
			combination);
		stack_write(stack, name, filled);
		free(filled);
	}
	free(path);
}

static void
write_files(
	const struct stack *stack, const struct row *row, size_t combination)
{
	write_file(stack, SERVICE, row->service, combination);
	write_file(stack, "inner", row->inner, combination);
	write_file(stack, "other",
		row->other ? row->other : "session required pam_deny.so\n",
		combination);
}

static struct wiring
follow(const struct row *row)
{
	write_files(&followed, row, 0);
	return wiring_follow(tree.directory, SERVICE);
}

/* --- Sessions ------------------------------------------------------------ */

/* What came of all combinations. */
struct result {
	size_t called; /* so many times the module was */
	size_t opened; /* … and the session was opened */
	size_t missed; /* it was opened without the module */
	size_t too_far; /* … or would have been, but for a jump */
};

static bool
log_has(const struct log *log, const char *text)
{
	for (size_t i = 0; i < log->count; i++) {
		if (strstr(log->lines[i].text, text) != NULL)
			return true;
	}
	return false;
}

static void
open_session(struct result *result)
{
	const struct pam_conv conversation = { refuse_to_converse, NULL };
	pam_handle_t *pamh = NULL;
	struct log log;
	bool is_called;
	int r;

	log_begin(&log);
	r = pam_start_confdir(
		SERVICE, "alice", &conversation, pamd.directory, &pamh);
	assert_int_equal(r, PAM_SUCCESS);
	r = pam_open_session(pamh, 0);
	is_called = pam_getenv(pamh, VARIABLE) != NULL;
	pam_end(pamh, r);
	result->called += is_called;
	result->opened += is_called && r == PAM_SUCCESS;
	result->missed += !is_called && r == PAM_SUCCESS;
	result->too_far += !is_called && log_has(&log, "bad jump");
	log_end();
	log_clear(&log);
}

static void
open_all(const struct row *row, struct result *ret)
{
	size_t count = count_combinations(row->service);
	size_t count_inner = count_combinations(row->inner);

	if (count < count_inner)
		count = count_inner;
	*ret = (struct result){ 0 };
	for (size_t i = 0; i < count; i++) {
		write_files(&pamd, row, i);
		open_session(ret);
	}
}

/* Is it as the state says? */
static bool
agrees(enum wiring_state state, const struct result *result)
{
	switch (state) {
	case WIRING_REACHED:
		return result->called > 0 && result->missed == 0;
	case WIRING_CONDITIONAL:
		return result->opened > 0 &&
			result->missed + result->too_far > 0;
	case WIRING_SKIPPED:
		return result->opened == 0;
	case WIRING_ABSENT:
	case WIRING_NO_SERVICE:
		return result->called == 0;
	case WIRING_UNREADABLE:
		/* then pam_start() fails, and loses memory */
		break;
	}
	return false;
}

static void
check_agreement(const struct row *row, const struct wiring *wiring)
{
	struct result result;

	open_all(row, &result);
	if (!agrees(wiring->state, &result))
		fail_msg("state %d (%s), but called %zu, missed %zu, too far "
			 "%zu\nservice:\n%sinner:\n%s",
			wiring->state, wiring->reason ? wiring->reason : "",
			result.called, result.missed, result.too_far,
			row->service, row->inner ? row->inner : "");
}

static void
test_row(void **state)
{
	const struct row *row = *state;
	struct wiring wiring = follow(row);

	assert_int_equal(wiring.state, row->state);
	assert_int_equal(wiring.reason != NULL,
		row->state == WIRING_CONDITIONAL ||
			row->state == WIRING_SKIPPED);
	check_agreement(row, &wiring);
	wiring_clear(&wiring);
}

/* --- Any stack ----------------------------------------------------------- */

/* As good as random, and the same every time. */
static uint32_t seed = 1;

static uint32_t
draw(uint32_t count)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % count;
}

static const char *const controls[] = {
	"required",
	"requisite",
	"optional",
	"sufficient",
	"[success=1 default=ignore]",
	"[success=2 default=ignore]",
	"[success=ok default=1]",
	"[default=1]",
	"[success=3 ignore=ignore default=bad]",
	"[success=done ignore=2 default=die]",
	"[success=ok ignore=1 default=2]",
	"[success=bad default=done]",
};

/* What is left to draw: each of them once, since no two lines are one. */
struct urn {
	char module; /* the next of A, B, C */
	bool has_inner;
};

static void
draw_module(FILE *out, struct urn *urn)
{
	if (draw(4) == 0 || urn->module > 'C')
		fputs(draw(2) == 0 ? "pam_permit.so\n" : "pam_deny.so\n", out);
	else
		fprintf(out, "%c\n", urn->module++);
}

static void
draw_line(FILE *out, struct urn *urn)
{
	if (urn->has_inner && draw(4) == 0) {
		fputs(draw(2) == 0 ? INCLUDE : SUBSTACK, out);
		urn->has_inner = false;
	} else if (draw(5) == 0) {
		fputs(LINE, out);
	} else {
		fprintf(out, "session %s ",
			controls[draw(sizeof(controls) / sizeof(controls[0]))]);
		draw_module(out, urn);
	}
}

static char *
draw_file(const char *begin_with, struct urn *urn)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs(begin_with, out);
	for (uint32_t count = 1 + draw(5); count > 0; count--)
		draw_line(out, urn);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Under valgrind, fewer. */
static int
count_stacks(void)
{
	return getenv("VIRTURI_SESSIONS") != NULL ? 40 : 300;
}

static void
test_any(void **state)
{
	size_t seen[WIRING_UNREADABLE + 1] = { 0 };

	(void)state;
	for (int i = 0; i < count_stacks(); i++) {
		struct urn urn = { 'A', false };
		char *inner = draw_file("", &urn), *service;
		struct row row = { "any", NULL, inner, 0, NULL };
		struct wiring wiring;

		urn.has_inner = true;
		service = draw_file(YES, &urn);
		row.service = service;
		wiring = follow(&row);
		seen[wiring.state]++;
		check_agreement(&row, &wiring);
		wiring_clear(&wiring);
		free(service);
		free(inner);
	}
	assert_true(seen[WIRING_REACHED] > 0);
	assert_true(seen[WIRING_CONDITIONAL] > 0);
	assert_true(seen[WIRING_ABSENT] > 0);
}

static const struct row any = { .name = "any stack" };

int
main(void)
{
	const struct row_table table = { "wiring", rows, sizeof(rows[0]),
		sizeof(rows) / sizeof(rows[0]), test_row, begin, end };
	const struct row_table generated = { "any", &any, sizeof(any), 1,
		test_any, begin, end };
	int failed = row_table_run(&table);

	return failed + row_table_run(&generated);
}
