/* SPDX-License-Identifier: MIT */
/*
 * The text of PAM's files, below what fuzz_pam asks: lines have their numbers
 * and read the same on their own, words are cut at blanks, and a control
 * written out value by value means the same.
 */
#include "common.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../helper/pamd_text.h"
#include "../../policy/countof.h"

/* Linux-PAM's names, by number: _pam_types.h */
static const char *const names[PAMD_VALUES] = { "success", "open_err",
	"symbol_err", "service_err", "system_err", "buf_err", "perm_denied",
	"auth_err", "cred_insufficient", "authinfo_unavail", "user_unknown",
	"maxtries", "new_authtok_reqd", "acct_expired", "session_err",
	"cred_unavail", "cred_expired", "cred_err", "no_module_data",
	"conv_err", "authtok_err", "authtok_recover_err", "authtok_lock_busy",
	"authtok_disable_aging", "try_again", "ignore", "abort",
	"authtok_expired", "module_unknown", "bad_item", "conv_again",
	"incomplete" };

static void
write_action(FILE *out, int action)
{
	static const char *const actions[] = {
		"ignore",
		"ok",
		"done",
		"bad",
		"die",
		"reset",
	};

	if (action > 0)
		fprintf(out, "%d", action);
	else
		fputs(actions[-action], out);
}

static void
check_control(const char *control)
{
	struct pamd_actions actions = pamd_read_control(control), again;
	char *text = NULL, *upper = strdup(control);
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	MUST(out != NULL && upper != NULL);
	for (size_t i = 0; i < PAMD_VALUES; i++) {
		MUST(actions.on[i] > PAMD_UNSET);
		fprintf(out, "%s=", names[i]);
		write_action(out, actions.on[i]);
		putc(' ', out);
	}
	fclose(out);
	again = pamd_read_control(text);
	MUST(memcmp(&actions, &again, sizeof(actions)) == 0);
	for (char *c = upper; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	MUST(pamd_is_keyword(upper) == pamd_is_keyword(control));
	if (pamd_is_keyword(control)) {
		again = pamd_read_control(upper);
		MUST(memcmp(&actions, &again, sizeof(actions)) == 0);
		MUST(actions.on[PAMD_VALUE_IGNORE] == PAMD_IGNORE);
		MUST(actions.on[PAMD_SUCCESS] ==
			actions.on[PAMD_NEW_AUTHTOK_REQD]);
	}
	free(text);
	free(upper);
}

/* Destroys the line. */
static void
check_words(char *line)
{
	char *rest = line, *end = line + strlen(line);
	const char *before = line;

	for (;;) {
		char *word = pamd_next_word(&rest);

		MUST(rest >= before && rest <= end);
		if (word == NULL)
			break;
		/* at least a byte each, so this ends */
		MUST(rest > before);
		MUST(word > line ? word >= before : word == line);
		MUST(word + strlen(word) <= rest);
		if (word == line || word[-1] != '[')
			MUST(strpbrk(word, " \t\n") == NULL);
		before = rest;
		check_control(word);
	}
	MUST(*rest == '\0');
}

/* A line by itself is the same line. */
static void
check_alone(const char *line)
{
	struct pamd_text text;
	char *written = NULL;

	MUST(asprintf(&written, "# a\n\n%s # b\n", line) > 0);
	pamd_text_begin(&text, written, strlen(written));
	MUST(pamd_text_next(&text));
	MUST(text.number == 3);
	/* joined lines may end in blanks that were inside of them */
	MUST(strncmp(text.line, line, strlen(line)) == 0);
	MUST(!pamd_text_next(&text));
	pamd_text_end(&text);
	free(written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int lines = fuzz_count_lines(data, size), last = 0;
	struct pamd_text text;

	pamd_text_begin(&text, (const char *)data, size);
	while (pamd_text_next(&text)) {
		MUST(text.number > last && text.number <= lines);
		last = text.number;
		MUST(text.size == strlen(text.line) && text.size > 0);
		MUST(text.size <= size);
		MUST(strpbrk(text.line, "#\n") == NULL);
		check_alone(text.line);
		check_words(text.line);
	}
	MUST(text.next == text.end);
	if (text.is_cut)
		MUST(memchr(data, '\\', size) != NULL);
	pamd_text_end(&text);
	return 0;
}
