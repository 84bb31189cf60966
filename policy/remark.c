/* SPDX-License-Identifier: MIT */
#include "remark.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static int
grow(struct remarks *remarks, size_t count)
{
	struct remark *list;

	list = realloc(remarks->list, count * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	remarks->list = list;
	return 0;
}

int
remarks_add(struct remarks *remarks, enum remark_severity severity,
	const char *path, unsigned int line, const char *format, ...)
{
	struct remark remark = { .severity = severity, .line = line };
	va_list args;

	va_start(args, format);
	remark.text = text_vformat(format, args);
	va_end(args);
	if (path != NULL)
		remark.path = text_printable(path);
	if (remark.text == NULL || (path != NULL && remark.path == NULL) ||
		grow(remarks, remarks->count + 1) < 0) {
		free(remark.text);
		free(remark.path);
		return -ENOMEM;
	}
	remarks->list[remarks->count++] = remark;
	return 0;
}

char *
remark_format_place(const struct remark *remark)
{
	if (remark->path == NULL)
		return strdup("");
	if (remark->line == 0)
		return text_format("%s: ", remark->path);
	return text_format("%s:%u: ", remark->path, remark->line);
}

const struct remark *
remarks_first(const struct remarks *remarks, enum remark_severity severity)
{
	for (size_t i = 0; i < remarks->count; i++) {
		if (remarks->list[i].severity == severity)
			return &remarks->list[i];
	}
	return NULL;
}

int
remarks_move(struct remarks *to, struct remarks *from)
{
	if (from->count == 0)
		return 0;
	if (grow(to, to->count + from->count) < 0)
		return -ENOMEM;
	memcpy(to->list + to->count, from->list,
		from->count * sizeof(*from->list));
	to->count += from->count;
	free(from->list);
	*from = (struct remarks){ 0 };
	return 0;
}

void
remarks_clear(struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->count; i++) {
		free(remarks->list[i].path);
		free(remarks->list[i].text);
	}
	free(remarks->list);
	*remarks = (struct remarks){ 0 };
}
