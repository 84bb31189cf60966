/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

static _Thread_local struct log *current;

void (*log_around)(bool begins);

void
log_begin(struct log *log)
{
	*log = (struct log){ 0 };
	current = log;
}

void
log_end(void)
{
	current = NULL;
}

void
log_clear(struct log *log)
{
	for (size_t i = 0; i < log->count; i++)
		free(log->lines[i].text);
	free(log->lines);
	*log = (struct log){ 0 };
}

static __attribute__((format(printf, 2, 0))) void
keep(int priority, const char *format, va_list args)
{
	struct log_line *lines;
	char *text;

	if (log_around != NULL)
		log_around(true);
	if (vasprintf(&text, format, args) < 0)
		abort();
	if (current == NULL) {
		fprintf(stderr, "logged outside of a session: %s\n", text);
		abort();
	}
	lines = realloc(current->lines, (current->count + 1) * sizeof(*lines));
	if (lines == NULL)
		abort();
	lines[current->count++] = (struct log_line){ LOG_PRI(priority), text };
	current->lines = lines;
	if (log_around != NULL)
		log_around(false);
}

/*
 * The names under which a library may call it, with _FORTIFY_SOURCE or
 * without. They are given as assembler names, since with that macro the C
 * names belong to inline functions of <syslog.h>.
 */
#define STANDS_FOR(symbol)                                                     \
	__asm__(symbol) __attribute__((visibility("default"), used))

void keep_syslog(int priority, const char *format, ...) STANDS_FOR("syslog")
	__attribute__((format(printf, 2, 3)));
void keep_syslog_chk(int priority, int flag, const char *format, ...)
	STANDS_FOR("__syslog_chk") __attribute__((format(printf, 3, 4)));
void keep_vsyslog(int priority, const char *format, va_list args)
	STANDS_FOR("vsyslog") __attribute__((format(printf, 2, 0)));
void keep_vsyslog_chk(int priority, int flag, const char *format, va_list args)
	STANDS_FOR("__vsyslog_chk") __attribute__((format(printf, 3, 0)));

void
keep_syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep(priority, format, args);
	va_end(args);
}

void
keep_syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	keep(priority, format, args);
	va_end(args);
}

void
keep_vsyslog(int priority, const char *format, va_list args)
{
	keep(priority, format, args);
}

void
keep_vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
	(void)flag;
	keep(priority, format, args);
}
