/* SPDX-License-Identifier: MIT */
#include "scan.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "countof.h"
#include "guess.h"

const char *const rule_key_names[KEY_COUNT] = {
	[KEY_URI] = "uri",
	[KEY_SERVICES] = "services",
	[KEY_FROM] = "from",
	[KEY_UIDS] = "uids",
	[KEY_REQUIRE_GROUPS] = "require_groups",
	[KEY_EXCLUDE_GROUPS] = "exclude_groups",
	[KEY_TRIAL] = "trial",
};

/* A walk through the lines of some text. */
struct lines {
	const char *next, *end;
	unsigned int number; /* of the line last returned */
};

/* The next line, without its LF or CRLF; false behind the last. */
static bool
next_line(struct lines *lines, struct span *line)
{
	const char *start = lines->next, *lf;
	size_t size;

	if (start == lines->end)
		return false;
	lf = memchr(start, '\n', (size_t)(lines->end - start));
	size = (size_t)((lf != NULL ? lf : lines->end) - start);
	lines->next = lf != NULL ? lf + 1 : lines->end;
	lines->number++;
	if (lf != NULL && size > 0 && start[size - 1] == '\r')
		size--;
	*line = (struct span){ start, size };
	return true;
}

static bool
is_blank_or_comment(struct span trimmed)
{
	return trimmed.size == 0 || trimmed.start[0] == '#';
}

/* Controls but the tab, which libeconf takes for a blank. */
static bool
has_control(struct span span)
{
	for (size_t i = 0; i < span.size; i++) {
		unsigned char c = (unsigned char)span.start[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/* A file being cut into rules. */
struct scan {
	char *bytes;
	const char *path;
	struct remarks *remarks;
	struct rule *rules;
	size_t count, room;
	bool is_open; /* the last rule's body goes on */
};

static const char *const header_words[] = {
	[RULE_USER] = "user",
	[RULE_GROUP] = "group",
	[RULE_GID] = "gid",
	[RULE_OTHERS] = "others",
};

static const char *
find_header_fault(struct span word)
{
	static const char *const meant[] = {
		[RULE_USER] = "unknown header, did you mean [user NAME]?",
		[RULE_GROUP] = "unknown header, did you mean [group NAME]?",
		[RULE_GID] = "unknown header, did you mean [gid N]?",
		[RULE_OTHERS] = "unknown header, did you mean [others]?",
	};
	const char *guess =
		guess_word(word, header_words, countof(header_words));

	for (size_t kind = 0; kind < countof(header_words); kind++) {
		if (guess == header_words[kind])
			return meant[kind];
	}
	return "unknown header; write [user NAME], [group NAME], [gid N] or "
	       "[others]";
}

/* What is wrong with a header, or NULL; the rule filled in but for its body. */
static const char *
parse_header(struct span inside, struct rule *rule)
{
	struct span word = inside, name;
	enum rule_kind kind = RULE_USER;
	uint32_t gid;

	word.size = 0;
	while (word.size < inside.size &&
		!text_is_blank(inside.start[word.size]))
		word.size++;
	name = (struct span){ inside.start + word.size,
		inside.size - word.size };
	while (name.size > 0 && text_is_blank(name.start[0]))
		name = (struct span){ name.start + 1, name.size - 1 };
	while (kind <= RULE_OTHERS && !text_equals(word, header_words[kind]))
		kind++;
	if (kind > RULE_OTHERS)
		return find_header_fault(word);
	rule->kind = kind;
	if (kind == RULE_OTHERS)
		return inside.size == word.size ? NULL
						: "[others] takes no name";
	if (name.size == 0)
		return "this header names nobody";
	if (has_control(name))
		return "control characters in a header";
	if (kind != RULE_GID) {
		rule->name = name.start;
		return NULL;
	}
	if (text_parse_id(name, &gid) < 0)
		return "[gid] takes one decimal number below 4294967295";
	rule->gid = gid;
	return NULL;
}

/* Finds the ']' of a header line that begins with '['. */
static const char *
split_header(struct span line, struct span *inside)
{
	const char *close = memchr(line.start, ']', line.size);
	const char *hash = memchr(line.start, '#', line.size);
	struct span rest;

	if (hash != NULL && (close == NULL || hash < close))
		return "'#' starts a comment, so this header has no ']'; "
		       "a group whose name has one goes by [gid N]";
	if (close == NULL)
		return "this header has no ']'";
	*inside = (struct span){ line.start + 1,
		(size_t)(close - line.start) - 1 };
	rest = (struct span){ close + 1,
		line.size - (size_t)(close - line.start) - 1 };
	if (rest.size > 0 && !text_is_blank(rest.start[0]))
		return "text behind the header's ']'; a name that has one "
		       "goes by [gid N]";
	if (!is_blank_or_comment(text_trim(rest)))
		return "text behind the header";
	return NULL;
}

static int
append_rule(struct scan *scan, const struct rule *rule)
{
	if (scan->count == scan->room) {
		size_t room = scan->room > 0 ? 4 * scan->room : 8;
		struct rule *rules;

		rules = realloc(scan->rules, room * sizeof(*rules));
		if (rules == NULL)
			return -ENOMEM;
		scan->rules = rules;
		scan->room = room;
	}
	scan->rules[scan->count++] = *rule;
	return 0;
}

static int
complain(struct scan *scan, unsigned int line, const char *what)
{
	return remarks_add(
		scan->remarks, REMARK_ERROR, scan->path, line, "%s", what);
}

static int
scan_header(struct scan *scan, struct span line, struct lines *lines)
{
	struct rule rule = { .path = scan->path, .line = lines->number };
	struct span inside = { 0 };
	const char *fault = split_header(line, &inside);

	if (fault == NULL)
		fault = parse_header(inside, &rule);
	if (fault != NULL)
		return remarks_add(scan->remarks, REMARK_ERROR, scan->path,
			lines->number, "'%.*s': %s", (int)line.size, line.start,
			fault);
	if (scan->count == SCAN_RULES_MAX) {
		lines->next = lines->end;
		return complain(scan, lines->number,
			"more than 1000 rules in one file; "
			"split it into drop-ins");
	}
	scan->bytes[inside.start - scan->bytes + (ptrdiff_t)inside.size] = '\0';
	rule.body.start = lines->next;
	scan->is_open = true;
	return append_rule(scan, &rule);
}

/* Faults by which a line makes the whole file unusable, whatever it says. */
static const char *
find_line_fault(struct span line)
{
	if (line.size > SCAN_LINE_MAX)
		return "a line of more than 8000 bytes";
	if (memchr(line.start, '\r', line.size) != NULL)
		return "a CR inside a line; end lines with LF or CRLF";
	return NULL;
}

/* The body of the rule last begun ends here. */
static void
end_body(struct scan *scan, const char *end)
{
	struct rule *rule;

	if (scan->count == 0)
		return;
	rule = &scan->rules[scan->count - 1];
	if (scan->is_open)
		rule->body.size = (size_t)(end - rule->body.start);
	scan->is_open = false;
}

static int
scan_lines(struct scan *scan, struct lines *lines)
{
	size_t mistakes_max = scan->remarks->count + SCAN_MISTAKES_MAX;
	bool is_headed = false;
	struct span line;
	int r = 0;

	while (r == 0 && scan->remarks->count < mistakes_max &&
		next_line(lines, &line)) {
		struct span text = text_trim(line);
		const char *fault = find_line_fault(line);

		if (fault != NULL) {
			r = complain(scan, lines->number, fault);
		} else if (is_blank_or_comment(text)) {
			continue;
		} else if (text.start[0] == '[') {
			is_headed = true;
			end_body(scan, line.start);
			r = scan_header(scan, text, lines);
		} else if (!is_headed) {
			is_headed = true; /* said once */
			r = complain(scan, lines->number,
				"text before the first header");
		}
	}
	end_body(scan, lines->next);
	return r;
}

static unsigned int
line_of(const char *start, const char *at)
{
	unsigned int line = 1;

	for (; start < at; start++)
		line += *start == '\n';
	return line;
}

int
scan_file(char *bytes, size_t size, const char *path, struct rule **rules,
	size_t *count, struct remarks *remarks)
{
	struct scan scan = {
		.bytes = bytes,
		.path = path,
		.remarks = remarks,
	};
	struct lines lines = { .next = bytes, .end = bytes + size };
	const char *nul = memchr(bytes, '\0', size);
	int r;

	if (nul != NULL)
		r = complain(&scan, line_of(bytes, nul),
			"a NUL byte: this is no text file");
	else if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		r = complain(&scan, 1,
			"a byte order mark; save as UTF-8 without BOM");
	else
		r = scan_lines(&scan, &lines);
	if (r < 0) {
		free(scan.rules);
		return r;
	}
	*rules = scan.rules;
	*count = scan.count;
	return 0;
}

static enum rule_key
find_key(struct span name)
{
	enum rule_key key = 0;

	while (key < KEY_COUNT && !text_equals(name, rule_key_names[key]))
		key++;
	return key;
}

/* Cuts the comment off a value; a fault when '#' stands inside of it. */
static const char *
cut_comment(struct span *value)
{
	const char *hash = memchr(value->start, '#', value->size);

	if (hash == NULL)
		return NULL;
	/* the byte before the value is '=' or a blank */
	if (!text_is_blank(hash[-1]) && hash != value->start)
		return "a '#' inside a value; put a blank before a comment";
	value->size = (size_t)(hash - value->start);
	*value = text_trim(*value);
	return NULL;
}

static const char *
find_value_fault(struct span *value)
{
	const char *fault = cut_comment(value);

	if (fault != NULL)
		return fault;
	if (value->size == 0)
		return "no value";
	if (memchr(value->start, '"', value->size) != NULL ||
		memchr(value->start, '\'', value->size) != NULL)
		return "quotes are not needed and not allowed";
	if (has_control(*value))
		return "control characters in a value";
	return NULL;
}

static int
complain_key(const struct rule *rule, unsigned int number, struct span name,
	struct remarks *remarks)
{
	const char *meant = guess_word(name, rule_key_names, KEY_COUNT);

	return remarks_add(remarks, REMARK_ERROR, rule->path, number,
		"unknown key '%.*s'%s%s%s", (int)name.size, name.start,
		meant != NULL ? ", did you mean '" : "",
		meant != NULL ? meant : "", meant != NULL ? "'?" : "");
}

static int
scan_entry(const struct rule *rule, unsigned int number, struct span line,
	struct body *body, struct remarks *remarks)
{
	const char *equals = memchr(line.start, '=', line.size);
	struct span name = line, value;
	const char *fault;
	struct entry *entry;
	enum rule_key key;

	if (equals == NULL)
		return remarks_add(remarks, REMARK_ERROR, rule->path, number,
			"'%.*s' is no 'key = value'", (int)line.size,
			line.start);
	name.size = (size_t)(equals - line.start);
	name = text_trim(name);
	key = find_key(name);
	if (key == KEY_COUNT)
		return complain_key(rule, number, name, remarks);
	entry = &body->entries[key];
	if (entry->line != 0) {
		entry->is_sound = false;
		return remarks_add(remarks, REMARK_ERROR, rule->path, number,
			"'%s' again; it stands in line %u already",
			rule_key_names[key], entry->line);
	}
	value.start = equals + 1;
	value.size = line.size - (size_t)(value.start - line.start);
	value = text_trim(value);
	fault = find_value_fault(&value);
	*entry = (struct entry){ number, value, fault == NULL };
	if (fault == NULL)
		return 0;
	return remarks_add(remarks, REMARK_ERROR, rule->path, number, "%s: %s",
		rule_key_names[key], fault);
}

int
scan_body(const struct rule *rule, struct body *ret, struct remarks *remarks)
{
	struct lines lines = {
		.next = rule->body.start,
		.end = rule->body.start + rule->body.size,
		.number = rule->line,
	};
	size_t mistakes_max = remarks->count + SCAN_MISTAKES_MAX;
	struct span line;

	*ret = (struct body){ 0 };
	while (remarks->count < mistakes_max && next_line(&lines, &line)) {
		int r;

		line = text_trim(line);
		if (is_blank_or_comment(line))
			continue;
		r = scan_entry(rule, lines.number, line, ret, remarks);
		if (r < 0)
			return r;
	}
	if (ret->entries[KEY_URI].line == 0)
		return remarks_add(remarks, REMARK_ERROR, rule->path,
			rule->line, "this rule has no 'uri'");
	return 0;
}

bool
rule_same_header(const struct rule *a, const struct rule *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == RULE_GID)
		return a->gid == b->gid;
	return a->kind == RULE_OTHERS || strcmp(a->name, b->name) == 0;
}

char *
rule_format_header(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_USER:
		return text_format("[user %s]", rule->name);
	case RULE_GROUP:
		return text_format("[group %s]", rule->name);
	case RULE_GID:
		return text_format("[gid %lu]", (unsigned long)rule->gid);
	case RULE_OTHERS:
		break;
	}
	return text_format("[others]");
}
