/* SPDX-License-Identifier: MIT */
/* What the files in /proc/PID say; proc(5). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "output.h"
#include "process.h"

#define NAME_SIZE_MAX 15

/* --- Status --------------------------------------------------------------- */

/* What is behind "KEY:" and a tab, to the end of the line. */
static bool
find_line(const char *text, const char *key, struct span *ret)
{
	size_t key_size = strlen(key);

	while (*text != '\0') {
		size_t size = strcspn(text, "\n");

		if (size >= key_size && memcmp(text, key, key_size) == 0) {
			*ret = (struct span){ text + key_size,
				size - key_size };
			return true;
		}
		text += size + (text[size] == '\n');
	}
	return false;
}

/* Cuts a word off; false: there is none. */
static bool
next_word(struct span *rest, struct span *word)
{
	size_t size = 0;

	*rest = text_trim(*rest);
	while (size < rest->size && !text_is_blank(rest->start[size]))
		size++;
	*word = (struct span){ rest->start, size };
	rest->start += size;
	rest->size -= size;
	return size > 0;
}

/* The n-th id in a line, counted from 0. */
static bool
find_id(const char *text, const char *key, unsigned int n, uint32_t *ret)
{
	struct span rest, word;

	if (!find_line(text, key, &rest))
		return false;
	do {
		if (!next_word(&rest, &word))
			return false;
	} while (n-- > 0);
	return text_parse_id(word, ret) == 0;
}

static bool
parse_groups(const char *text, gid_t **ret, size_t *count)
{
	struct span rest, word;
	gid_t *groups;
	size_t n = 0;

	if (!find_line(text, "Groups:", &rest))
		return false;
	/* a digit and a blank each, at least */
	groups = need(calloc(rest.size / 2 + 1, sizeof(*groups)));
	while (next_word(&rest, &word)) {
		if (text_parse_id(word, &groups[n++]) < 0) {
			free(groups);
			return false;
		}
	}
	*ret = groups;
	*count = n;
	return true;
}

/* The kernel writes a newline as "\n" and a backslash as two. */
static char *
parse_name(const char *text)
{
	char *name = need(calloc(NAME_SIZE_MAX + 1, 1));
	struct span line;
	size_t n = 0;

	if (!find_line(text, "Name:\t", &line))
		return name;
	for (size_t i = 0; i < line.size && n < NAME_SIZE_MAX; i++) {
		bool is_escape = line.start[i] == '\\' && i + 1 < line.size;

		if (is_escape && line.start[++i] == 'n')
			name[n++] = '\n';
		else
			name[n++] = line.start[i];
	}
	return name;
}

static bool
parse_is_zombie(const char *text)
{
	struct span rest, word;

	return find_line(text, "State:", &rest) && next_word(&rest, &word) &&
		strchr("ZXx", word.start[0]) != NULL;
}

int
process_parse_status(const char *text, struct process *process)
{
	uint32_t uid, gid, parent = 0;
	gid_t *groups = NULL;
	size_t n_groups = 0;

	if (!find_id(text, "Uid:", 0, &uid) ||
		!find_id(text, "Gid:", 1, &gid) ||
		!parse_groups(text, &groups, &n_groups))
		return -EBADMSG;
	if (!find_id(text, "PPid:", 0, &parent) || parent > INT_MAX)
		parent = 0;
	process->name = parse_name(text);
	process->parent = (pid_t)parent;
	process->uid = uid;
	process->gid = gid;
	process->groups = groups;
	process->n_groups = n_groups;
	process->is_zombie = parse_is_zombie(text);
	return 0;
}

/* Decimal digits and nothing else. */
static bool
parse_uint64(struct span word, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < word.size; i++) {
		char c = word.start[i];

		if (c < '0' || c > '9' ||
			__builtin_mul_overflow(value, 10U, &value) ||
			__builtin_add_overflow(
				value, (unsigned int)(c - '0'), &value))
			return false;
	}
	*ret = value;
	return word.size > 0;
}

int
process_parse_stat(const char *text, uint64_t *start)
{
	/* field 2 is comm, in parentheses, and may have some of its own */
	const char *end = strrchr(text, ')');
	struct span rest, word;

	if (end == NULL)
		return -EBADMSG;
	rest = (struct span){ end + 1, strcspn(end + 1, "\n") };
	for (int field = 3; field <= 22; field++) {
		if (!next_word(&rest, &word))
			return -EBADMSG;
	}
	return parse_uint64(word, start) ? 0 : -EBADMSG;
}

/* --- Control groups ------------------------------------------------------- */

/* "1:name=systemd:/a/b": is it such a line, and of which hierarchy? */
static bool
parse_hierarchy(struct span line, const char *controllers, struct span *path)
{
	const char *end = line.start + line.size, *colon, *second;

	colon = memchr(line.start, ':', line.size);
	if (colon == NULL)
		return false;
	second = memchr(colon + 1, ':', (size_t)(end - colon - 1));
	if (second == NULL)
		return false;
	*path = (struct span){ second + 1, (size_t)(end - second - 1) };
	return text_equals(
		(struct span){ colon + 1, (size_t)(second - colon - 1) },
		controllers);
}

/* The path in a hierarchy, unless it is the root, which says nothing. */
static bool
find_cgroup(const char *text, const char *controllers, struct span *path)
{
	while (*text != '\0') {
		size_t size = strcspn(text, "\n");

		if (parse_hierarchy(
			    (struct span){ text, size }, controllers, path) &&
			path->size > 1 && path->start[0] == '/')
			return true;
		text += size + (text[size] == '\n');
	}
	return false;
}

int
process_parse_cgroup(const char *text, char **ret)
{
	static const char deleted[] = " (deleted)"; /* cgroups(7) */
	size_t tail = sizeof(deleted) - 1;
	struct span path;

	if (!find_cgroup(text, "name=systemd", &path) &&
		!find_cgroup(text, "", &path))
		return -ENOENT;
	if (path.size > tail &&
		memcmp(path.start + path.size - tail, deleted, tail) == 0)
		path.size -= tail;
	*ret = need(strndup(path.start, path.size));
	return 0;
}

/* --- Environment ---------------------------------------------------------- */

int
process_parse_environ(
	const char *bytes, size_t size, const char *name, char **ret)
{
	size_t name_size = strlen(name), first = strnlen(bytes, size);
	const char *end = bytes + size;

	for (const char *entry = bytes; entry < end;) {
		size_t n = strnlen(entry, (size_t)(end - entry));

		if (n > name_size && entry[name_size] == '=' &&
			memcmp(entry, name, name_size) == 0) {
			*ret = need(strndup(
				entry + name_size + 1, n - name_size - 1));
			return 0;
		}
		entry += n + 1;
	}
	return size == 0 || memchr(bytes, '=', first) != NULL ? -ENOENT
							      : -ENODATA;
}
