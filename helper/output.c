/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../policy/text.h"
#include "options.h"

static bool
is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

#ifdef __GLIBC__

/* write(2), all of it. */
static bool
write_fully(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno != EINTR)
			return false;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* fopencookie(3): 0 is a failure */
static ssize_t
write_ascii(void *cookie, const char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	int fd = *(const int *)cookie;
	char escaped[1024];
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte < 0x80) {
			escaped[used++] = bytes[i];
		} else {
			escaped[used++] = '\\';
			escaped[used++] = 'x';
			escaped[used++] = digits[byte >> 4];
			escaped[used++] = digits[byte & 0xf];
		}
		if (used > sizeof(escaped) - 4 || i + 1 == size) {
			if (!write_fully(fd, escaped, used))
				return 0;
			used = 0;
		}
	}
	return (ssize_t)size;
}

static FILE *
open_ascii(const int *fd)
{
	cookie_io_functions_t functions = { .write = write_ascii };

	/* it is only read */
	return need(fopencookie((void *)(uintptr_t)fd, "w", functions));
}

void
output_begin(void)
{
	static const int fds[] = { STDOUT_FILENO, STDERR_FILENO };

	if (is_utf8())
		return;
	stdout = open_ascii(&fds[0]);
	stderr = open_ascii(&fds[1]);
	setvbuf(stdout, NULL, isatty(fds[0]) ? _IOLBF : _IOFBF, BUFSIZ);
	setvbuf(stderr, NULL, _IONBF, 0);
}

#else

/* There standard streams are constants. */
void
output_begin(void)
{
}

#endif

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

char *
layers_format(const char *root, const char *separator)
{
	char *list = need(strdup(""));

	for (int layer = LAYER_COUNT; layer-- > 0;) {
		const char *path = policy_installed.layers[layer];
		char *longer;

		if (path[0] == '\0')
			continue;
		longer = need(text_format("%s%s%s%s", list,
			list[0] != '\0' ? separator : "",
			root != NULL ? root : "", path));
		free(list);
		list = longer;
	}
	return list;
}

void
print_where_looked(const char *root)
{
	char *layers = layers_format(root, " ");

	printf("no policy file in%s%s\n", layers[0] != '\0' ? " " : "", layers);
	free(layers);
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
	return need(text_shell_word(text));
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
json_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, need(value)) < 0)
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

/*
 * As a whole, from a buffer that is large enough: half a document is none, and
 * json_dumps() does not tell when its own memory was short.
 */
void
json_print(json_t *document)
{
	size_t flags = JSON_INDENT(2) | (is_utf8() ? 0 : JSON_ENSURE_ASCII);
	size_t size = json_dumpb(document, NULL, 0, flags);
	char *text = calloc(size + 1, 1);

	if (text == NULL || size == 0 ||
		json_dumpb(document, text, size, flags) != size)
		need(NULL);
	puts(text);
	free(text);
	json_decref(document);
}
