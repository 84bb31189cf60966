/* SPDX-License-Identifier: MIT */
/*
 * Policy files as bytes. Rules stand where their lines say, libeconf reads
 * from sound entries what the scanner saw, and what was read, written plainly,
 * reads the same.
 */
#include "common.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/scan.h"
#include "../../policy/values.h"

static const char path[] = "/p";

/* A file cut into rules. */
struct cut {
	const uint8_t *data; /* as it was before */
	size_t size;
	char *bytes;
	struct rule *rules;
	size_t count;
	struct remarks remarks;
	unsigned int lines;
};

static void
check_remarks(const struct remarks *remarks, size_t from, unsigned int first,
	unsigned int last)
{
	unsigned int line = first;

	for (size_t i = from; i < remarks->count; i++) {
		const struct remark *remark = &remarks->list[i];

		MUST(remark->severity == REMARK_ERROR);
		MUST(strcmp(remark->path, path) == 0);
		MUST(remark->line >= first && remark->line <= last);
		MUST(remark->text[0] != '\0');
		MUST(fuzz_is_printable(remark->text));
		/* only that there is no uri is said last, about the header */
		MUST(remark->line >= line || i + 1 == remarks->count);
		line = remark->line;
	}
	MUST(remarks->count - from <= SCAN_MISTAKES_MAX + 1);
}

static void
cut_clear(struct cut *cut)
{
	free(cut->bytes);
	free(cut->rules);
	remarks_clear(&cut->remarks);
}

/*
 * virturi.conf(5), "FORMAT": a header as a regular expression. A name has no
 * controls but the tab.
 */
#define NAME "[^]# \t\x01-\x1f\x7f][^]#\x01-\x08\x0a-\x1f\x7f]*"
#define HEADER                                                                 \
	"^[ \t]*\\[((user|group)[ \t]+" NAME "|gid[ \t]+(0|[1-9][0-9]*)|"      \
	"others)\\]([ \t]*|[ \t]+#.*)$"

static bool
is_header(struct span line)
{
	static regex_t regex;
	static bool is_compiled;
	char *text = fuzz_text((const uint8_t *)line.start, line.size);
	char *gid = strstr(text, "[gid");
	bool matches;

	if (!is_compiled)
		MUST(regcomp(&regex, HEADER, REG_EXTENDED | REG_NOSUB) == 0);
	is_compiled = true;
	matches = regexec(&regex, text, 0, NULL, 0) == 0;
	if (matches && gid == text + strspn(text, " \t"))
		matches = strtoull(gid + 4, NULL, 10) < UINT32_MAX;
	free(text);
	return matches;
}

/* Is it a file whose lines are all what they may be there? */
static bool
is_well_formed(const uint8_t *data, size_t size, unsigned int lines)
{
	bool is_headed = false;
	size_t rules = 0;

	if (memchr(data, '\0', size) != NULL ||
		(size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0))
		return false;
	for (unsigned int i = 1; i <= lines; i++) {
		struct span line = fuzz_line(data, size, i), text;
		bool ends = line.start + line.size < (const char *)data + size;

		if (ends && line.size > 0 && line.start[line.size - 1] == '\r')
			line.size--;
		if (line.size > SCAN_LINE_MAX ||
			memchr(line.start, '\r', line.size) != NULL)
			return false;
		text = text_trim(line);
		if (text.size == 0 || text.start[0] == '#')
			continue;
		if (text.start[0] == '[' ? !is_header(line) : !is_headed)
			return false;
		is_headed = true;
		rules += text.start[0] == '[';
	}
	return rules <= SCAN_RULES_MAX;
}

static struct cut
cut(const uint8_t *data, size_t size)
{
	struct cut cut = {
		.data = data,
		.size = size,
		.bytes = fuzz_text(data, size),
		.lines = fuzz_count_lines(data, size),
	};

	MUST(scan_file(cut.bytes, size, path, &cut.rules, &cut.count,
		     &cut.remarks) == 0);
	MUST((cut.count == 0) || cut.rules != NULL);
	MUST(cut.count <= SCAN_RULES_MAX);
	check_remarks(&cut.remarks, 0, 1, cut.lines);
	MUST((cut.remarks.count == 0) == is_well_formed(data, size, cut.lines));
	return cut;
}

/* Of headers, as anybody would count them. */
static size_t
count_headers(const struct cut *cut)
{
	size_t count = 0;

	for (unsigned int i = 1; i <= cut->lines; i++) {
		struct span line =
			text_trim(fuzz_line(cut->data, cut->size, i));

		count += line.size > 0 && line.start[0] == '[';
	}
	return count;
}

static void
check_header(const struct cut *cut, const struct rule *rule)
{
	struct span line = fuzz_line(cut->data, cut->size, rule->line);
	struct span text = text_trim(line);
	const char *end = line.start + line.size;
	char *header = rule_format_header(rule);
	char expected[32];

	MUST(text.size > 0 && text.start[0] == '[');
	MUST(header != NULL && fuzz_is_printable(header));
	/* the body begins behind the line */
	if (end < (const char *)cut->data + cut->size)
		end++;
	MUST(rule->body.start - cut->bytes == end - (const char *)cut->data);
	MUST(rule->path == path);
	if (rule->kind == RULE_USER || rule->kind == RULE_GROUP) {
		MUST(rule->name[0] != '\0');
		MUST(strpbrk(rule->name, "]#\n\r") == NULL);
		MUST(fuzz_contains(text.start, text.size, rule->name));
	} else if (rule->kind == RULE_GID) {
		snprintf(expected, sizeof(expected), "%lu]",
			(unsigned long)rule->gid);
		MUST(fuzz_contains(text.start, text.size, expected));
	}
	free(header);
}

static void
check_places(const struct cut *cut)
{
	for (size_t i = 0; i < cut->count; i++) {
		const struct rule *rule = &cut->rules[i], *next = rule + 1;
		const char *end = cut->bytes + cut->size;
		const char *body_end = rule->body.start + rule->body.size;

		check_header(cut, rule);
		if (i + 1 < cut->count) {
			MUST(next->line > rule->line);
			end = cut->bytes +
				(fuzz_line(cut->data, cut->size, next->line)
						.start -
					(const char *)cut->data);
		}
		MUST(body_end <= end);
		if (cut->remarks.count == 0)
			MUST(body_end == end);
	}
	if (cut->remarks.count == 0)
		MUST(cut->count == count_headers(cut));
}

/* Behind a value nothing stands but blanks, and a comment behind one. */
static void
check_rest(const struct cut *cut, struct span value)
{
	const char *end = cut->bytes + cut->size, *rest, *lf;
	struct span text;

	rest = value.start + value.size;
	lf = memchr(rest, '\n', (size_t)(end - rest));
	end = lf != NULL ? lf : end;
	if (lf != NULL && end > rest && end[-1] == '\r')
		end--;
	text = text_trim((struct span){ rest, (size_t)(end - rest) });
	MUST(text.size == 0 || (text_is_blank(*rest) && text.start[0] == '#'));
}

static void
check_entry(const struct cut *cut, const struct rule *rule, enum rule_key key,
	const struct entry *entry)
{
	struct span line;

	if (entry->line == 0) {
		MUST(!entry->is_sound);
		return;
	}
	MUST(entry->line > rule->line && entry->line <= cut->lines);
	line = text_trim(fuzz_line(cut->data, cut->size, entry->line));
	MUST(strncmp(line.start, rule_key_names[key],
		     strlen(rule_key_names[key])) == 0);
	MUST(entry->value.start >= rule->body.start);
	MUST(entry->value.start + entry->value.size <=
		rule->body.start + rule->body.size);
	if (!entry->is_sound)
		return;
	MUST(entry->value.size > 0);
	MUST(memmem(line.start, line.size, entry->value.start,
		     entry->value.size) != NULL);
	MUST(memchr(entry->value.start, '#', entry->value.size) == NULL);
	check_rest(cut, entry->value);
}

/* Writes the sound entries plainly: in no longer lines than they stood. */
static void
check_body(const struct cut *cut, const struct rule *rule, FILE *plain)
{
	char *values[KEY_COUNT];
	struct remarks remarks = { 0 };
	struct body body;

	MUST(scan_body(rule, &body, &remarks) == 0);
	check_remarks(&remarks, 0, rule->line, cut->lines);
	MUST(body.entries[KEY_URI].line != 0 || remarks.count > 0);
	MUST(values_read(&body, values) == 0);
	for (enum rule_key key = 0; key < KEY_COUNT; key++) {
		const struct entry *entry = &body.entries[key];

		check_entry(cut, rule, key, entry);
		MUST(entry->is_sound == (values[key] != NULL));
		MUST(entry->is_sound || entry->line == 0 || remarks.count > 0);
		if (!entry->is_sound)
			continue;
		MUST(text_equals(entry->value, values[key]));
		/* a line too long is read, though the file is refused */
		if (strlen(rule_key_names[key]) + 1 + entry->value.size >
			SCAN_LINE_MAX)
			continue;
		fprintf(plain, "%s=%s\n", rule_key_names[key], values[key]);
	}
	values_free(values);
	remarks_clear(&remarks);
}

static void
write_header(const struct rule *rule, FILE *plain)
{
	static const char *const kinds[] = { "user", "group", "gid", "others" };

	if (rule->kind == RULE_OTHERS)
		fputs("[others]\n", plain);
	else if (rule->kind == RULE_GID)
		fprintf(plain, "[gid %u]\n", rule->gid);
	else
		fprintf(plain, "[%s %s]\n", kinds[rule->kind], rule->name);
}

/* Everything that is in a file, without what is not. To be freed. */
static char *
write_plainly(const struct cut *cut, size_t *size)
{
	char *text = NULL;
	FILE *plain = open_memstream(&text, size);

	MUST(plain != NULL);
	for (size_t i = 0; i < cut->count; i++) {
		write_header(&cut->rules[i], plain);
		check_body(cut, &cut->rules[i], plain);
	}
	fclose(plain);
	return text;
}

static void
check_again(const struct cut *first, const char *text, size_t size)
{
	struct cut again = cut((const uint8_t *)text, size);
	size_t same_size;
	char *same;

	MUST(again.remarks.count == 0);
	MUST(again.count == first->count);
	for (size_t i = 0; i < first->count; i++)
		MUST(rule_same_header(&first->rules[i], &again.rules[i]));
	check_places(&again);
	same = write_plainly(&again, &same_size);
	MUST(same_size == size && memcmp(same, text, size) == 0);
	free(same);
	cut_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cut first = cut(data, size);
	char *text;

	check_places(&first);
	text = write_plainly(&first, &size);
	check_again(&first, text, size);
	free(text);
	cut_clear(&first);
	return 0;
}
