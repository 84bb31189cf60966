/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../policy/text.h"
#include "options.h"

void
complain(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = need(text_vformat(format, args));
	va_end(args);
	fprintf(stderr, "virturi: %s\n", text);
	free(text);
}

void
complain_remark(const struct remark *remark)
{
	static const char *const severities[] = {
		[REMARK_ERROR] = "error",
		[REMARK_WARNING] = "warning",
		[REMARK_NOTICE] = "note",
	};

	char *place = need(remark_format_place(remark));

	fprintf(stderr, "%s%s: %s\n", place[0] != '\0' ? place : "virturi: ",
		severities[remark->severity], remark->text);
	free(place);
}

void
print_where_looked(const char *root)
{
	printf("no policy file in");
	for (int layer = LAYER_COUNT; layer-- > 0;) {
		const char *path = policy_installed.layers[layer];

		if (path[0] != '\0')
			printf(" %s%s", root != NULL ? root : "", path);
	}
	putchar('\n');
}

void *
need(void *pointer)
{
	if (pointer == NULL) {
		fputs("virturi: out of memory\n", stderr);
		exit(STATUS_UNKNOWN);
	}
	return pointer;
}

const char *
plural(size_t count)
{
	return count == 1 ? "" : "s";
}

char *
shell_word(const char *text)
{
	/* characters that no shell takes for its own */
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./:=@_";
	size_t size = strlen(text);
	char *word, *end;

	if (size > 0 && text[strspn(text, plain)] == '\0')
		return need(strdup(text));
	word = end = need(malloc(4 * size + 3));
	*end++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			end = stpcpy(end, "'\\'");
		*end++ = *text;
	}
	strcpy(end, "'");
	return word;
}

char *
path_make_absolute(const char *path)
{
	char *here, *absolute;

	if (path[0] == '/')
		return need(strdup(path));
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	here = getcwd(NULL, 0);
	if (here == NULL)
		return need(strdup(path));
	if (asprintf(&absolute, "%s/%s", here, path) < 0)
		need(NULL);
	free(here);
	return absolute;
}

json_t *
json_text(const char *text)
{
	char *printable;
	json_t *value;

	if (text == NULL)
		return json_null();
	printable = need(text_printable(text));
	value = json_string(printable);
	free(printable);
	return value;
}

void
json_add(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, need(value)) < 0)
		need(NULL);
}

void
json_add_rule(json_t *object, const struct rule *rule)
{
	char *header = need(rule_format_header(rule));

	json_add(object, "header", json_text(header));
	json_add(object, "file", json_text(rule->path));
	json_add(object, "line", json_integer(rule->line));
	free(header);
}

json_t *
json_document(const char *command)
{
	json_t *document = need(json_object());

	json_add(document, "version", json_integer(1));
	json_add(document, "command", json_string(command));
	return document;
}

void
json_print(json_t *document)
{
	if (json_dumpf(document, stdout, JSON_INDENT(2)) < 0)
		need(NULL);
	putchar('\n');
	json_decref(document);
}
