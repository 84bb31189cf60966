/* SPDX-License-Identifier: MIT */
#include "content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "uri.h"
#include "values.h"

/* What is wrong with the form of a value, or NULL. */
typedef const char *form_check(const char *value);

static const char *
check_list(const char *value)
{
	struct span list = { value, strlen(value) }, item;

	while (text_next_item(&list, &item)) {
		if (item.size == 0)
			return "an empty item in a comma list";
	}
	return NULL;
}

static const char *
check_from(const char *value)
{
	if (strcmp(value, "local") == 0 || strcmp(value, "remote") == 0)
		return NULL;
	return "write local or remote";
}

const char *
content_parse_range(struct span item, uint32_t *first, uint32_t *last)
{
	static const char wrong[] = "write uids as 1000, 1000- or 1000-59999";
	const char *dash = memchr(item.start, '-', item.size);
	struct span left = item, right = { 0 };

	if (dash != NULL) {
		left.size = (size_t)(dash - item.start);
		right = (struct span){ dash + 1, item.size - left.size - 1 };
	}
	left = text_trim(left);
	right = text_trim(right);
	if (text_parse_id(left, first) < 0)
		return wrong;
	*last = dash != NULL ? UINT32_MAX : *first;
	if (right.size > 0 && text_parse_id(right, last) < 0)
		return wrong;
	return *first <= *last ? NULL : "a range that ends before it begins";
}

static const char *
check_uids(const char *value)
{
	struct span list = { value, strlen(value) }, item;
	const char *fault = NULL;
	uint32_t first, last;

	while (fault == NULL && text_next_item(&list, &item))
		fault = content_parse_range(item, &first, &last);
	return fault;
}

static const char *
check_trial(const char *value)
{
	if (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)
		return NULL;
	return "write yes or no";
}

static form_check *const checks[KEY_COUNT] = {
	[KEY_SERVICES] = check_list,
	[KEY_FROM] = check_from,
	[KEY_UIDS] = check_uids,
	[KEY_REQUIRE_GROUPS] = check_list,
	[KEY_EXCLUDE_GROUPS] = check_list,
	[KEY_TRIAL] = check_trial,
};

/* Drops a value that is mistaken. */
static int
reject(const struct rule *rule, struct content *content, enum rule_key key,
	const char *fault, struct remarks *remarks)
{
	int r = remarks_add(remarks, REMARK_ERROR, rule->path,
		content->lines[key], "%s = %s: %s", rule_key_names[key],
		content->values[key], fault);

	free(content->values[key]);
	content->values[key] = NULL;
	return r;
}

static int
check_conditions(const struct rule *rule, struct content *content,
	struct remarks *remarks)
{
	int r = 0;

	for (enum rule_key key = 0; key < KEY_COUNT && r == 0; key++) {
		const char *fault = NULL;

		if (content->values[key] != NULL && checks[key] != NULL)
			fault = checks[key](content->values[key]);
		if (fault != NULL)
			r = reject(rule, content, key, fault, remarks);
	}
	return r;
}

static int
check_uri(const struct rule *rule, struct content *content,
	struct remarks *remarks)
{
	bool has_group = rule->kind == RULE_GROUP || rule->kind == RULE_GID;
	char *fault = NULL;
	int r;

	if (content->values[KEY_URI] == NULL || content_sets_none(content))
		return 0;
	if (strcasecmp(content->values[KEY_URI], "none") == 0)
		return reject(rule, content, KEY_URI,
			"did you mean none, in lower case?", remarks);
	r = uri_check_template(content->values[KEY_URI], has_group, &fault);
	if (r == 0 && fault != NULL)
		r = reject(rule, content, KEY_URI, fault, remarks);
	free(fault);
	return r;
}

static int
read_values(const struct rule *rule, struct content *content,
	struct remarks *remarks)
{
	struct body body;
	int r = scan_body(rule, &body, remarks);

	if (r < 0)
		return r;
	for (enum rule_key key = 0; key < KEY_COUNT; key++)
		content->lines[key] = body.entries[key].line;
	r = values_read(&body, content->values);
	if (r < 0 && r != -ENOMEM) {
		errno = -r;
		return remarks_add(remarks, REMARK_ERROR, rule->path,
			rule->line, "values cannot be read: %m");
	}
	return r;
}

int
content_read(
	const struct rule *rule, struct content *ret, struct remarks *remarks)
{
	struct content content = { 0 };
	int r = read_values(rule, &content, remarks);

	if (r == 0)
		r = check_conditions(rule, &content, remarks);
	if (r == 0)
		r = check_uri(rule, &content, remarks);
	if (r < 0) {
		content_clear(&content);
		return r;
	}
	*ret = content;
	return 0;
}

void
content_clear(struct content *content)
{
	values_free(content->values);
	*content = (struct content){ 0 };
}

bool
content_sets_none(const struct content *content)
{
	const char *uri = content->values[KEY_URI];

	return uri != NULL && strcmp(uri, "none") == 0;
}

bool
content_is_trial(const struct content *content)
{
	const char *trial = content->values[KEY_TRIAL];

	return trial != NULL && strcmp(trial, "yes") == 0;
}
