/* SPDX-License-Identifier: MIT */
/*
 * A rule's values: the first byte chooses a key, the others are its value.
 * virturi.conf(5), "KEYS", says which are good; so do regular expressions.
 */
#include "common.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/content.h"
#include "../../policy/countof.h"
#include "../../policy/uri.h"

#define BLANKS "[ \t]*"
#define ITEM   BLANKS "[^, \t]([^,]*[^, \t])?" BLANKS
#define ID     "(0|[1-9][0-9]*)"
#define RANGE  BLANKS ID BLANKS "(-" BLANKS ID "?" BLANKS ")?"

/* NULL: see is_good_uri(). */
static const char *const forms[KEY_COUNT] = {
	[KEY_SERVICES] = "^" ITEM "(," ITEM ")*$",
	[KEY_FROM] = "^(local|remote)$",
	[KEY_UIDS] = "^" RANGE "(," RANGE ")*$",
	[KEY_REQUIRE_GROUPS] = "^" ITEM "(," ITEM ")*$",
	[KEY_EXCLUDE_GROUPS] = "^" ITEM "(," ITEM ")*$",
	[KEY_TRIAL] = "^(yes|no)$",
};

static bool
has_form(enum rule_key key, const char *value)
{
	static regex_t regexes[KEY_COUNT];
	static bool is_compiled[KEY_COUNT];

	if (!is_compiled[key])
		MUST(regcomp(&regexes[key], forms[key],
			     REG_EXTENDED | REG_NOSUB) == 0);
	is_compiled[key] = true;
	return regexec(&regexes[key], value, 0, NULL, 0) == 0;
}

static unsigned long long
take_id(const char **text)
{
	char *end;
	unsigned long long id = strtoull(*text, &end, 10);

	*text = end + strspn(end, " \t");
	return id;
}

/* Of a list that has the form: are the numbers ids, in order? */
static bool
has_good_ids(const char *list)
{
	while (*list != '\0') {
		unsigned long long first = take_id(&list), last = first;

		if (*list == '-') {
			list += 1 + strspn(list + 1, " \t");
			last = *list == ',' || *list == '\0' ? UINT32_MAX - 1
							     : take_id(&list);
		}
		if (first > last || last >= UINT32_MAX)
			return false;
		list += *list == ',';
	}
	return true;
}

static bool
is_good_uri(const char *value)
{
	char *fault = NULL;
	bool is_good;

	MUST(uri_check_template(value, true, &fault) == 0);
	is_good = fault == NULL;
	free(fault);
	return strcmp(value, "none") == 0 || is_good;
}

static bool
is_good(enum rule_key key, const char *value)
{
	if (value[0] == '\0' || strpbrk(value, "\"'#") != NULL)
		return false;
	for (const char *c = value; *c != '\0'; c++) {
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return false;
	}
	if (key == KEY_URI)
		return is_good_uri(value);
	if (!has_form(key, value))
		return false;
	return key != KEY_UIDS || has_good_ids(value);
}

/* In place: without blanks around it, and without a comment behind a blank. */
static char *
strip(char *text)
{
	char *hash, *end;

	text += strspn(text, " \t");
	hash = strchr(text, '#');
	/* behind anything else it is part of the value, and a mistake */
	if (hash == text || (hash != NULL && strchr(" \t", hash[-1]) != NULL))
		*hash = '\0';
	end = text + strlen(text);
	while (end > text && strchr(" \t", end[-1]) != NULL)
		*--end = '\0';
	return text;
}

static struct content
read_rule(char *text, struct remarks *remarks)
{
	struct remarks complaints = { 0 };
	struct rule *rules = NULL;
	struct content content;
	size_t count = 0;

	MUST(scan_file(text, strlen(text), "/p", &rules, &count, &complaints) ==
		0);
	MUST(count == 1 && complaints.count == 0);
	MUST(content_read(&rules[0], &content, remarks) == 0);
	free(rules);
	return content;
}

static void
check(enum rule_key key, const char *written, const char *value)
{
	struct remarks remarks = { 0 };
	struct content content;
	bool is_fine = is_good(key, value);
	char *text = NULL;

	MUST(asprintf(&text, "[group g]\n%s%s = %s\n",
		     key == KEY_URI ? "" : "uri = none\n", rule_key_names[key],
		     written) > 0);
	content = read_rule(text, &remarks);
	MUST(content.lines[key] == (key == KEY_URI ? 2 : 3));
	MUST((content.values[key] != NULL) == is_fine);
	MUST((remarks.count == 0) == is_fine);
	if (is_fine)
		MUST(strcmp(content.values[key], value) == 0);
	else
		MUST(remarks.list[0].line == content.lines[key]);
	MUST(content_sets_none(&content) ==
		(key != KEY_URI || strcmp(value, "none") == 0));
	MUST(content_is_trial(&content) ==
		(key == KEY_TRIAL && strcmp(value, "yes") == 0));
	content_clear(&content);
	remarks_clear(&remarks);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take take = { data, size };
	enum rule_key key = take_below(&take, KEY_COUNT);
	char *written = fuzz_text(take.next, take.left);
	char *copy;

	/* a line, and not several: those are fuzz_scan's */
	written[strcspn(written, "\r\n")] = '\0';
	copy = strdup(written);
	MUST(copy != NULL);
	check(key, written, strip(copy));
	free(copy);
	free(written);
	return 0;
}
