/* SPDX-License-Identifier: MIT */
/*
 * ask COMMAND ARGUMENT…: asks helper/bus.c, and prints the answer in a line,
 * or the error's name. Ends with 0 either way.
 *
 *	ask polkit ACTION MS [PID UID]
 *	ask manager MS
 *	ask find UID MS
 *	ask linger UID MS
 *	ask notify REPLACES SUMMARY BODY MS
 *	ask close ID MS
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../helper/bus.h"

static uint32_t
number(const char *argument)
{
	return (uint32_t)strtoul(argument, NULL, 10);
}

static int
milliseconds(const char *argument)
{
	return (int)strtol(argument, NULL, 10);
}

/* When a process began: field 22 of /proc/PID/stat, 20 behind its name. */
static uint64_t
find_start(pid_t pid)
{
	char path[64], line[4096] = "";
	const char *field;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL || fgets(line, sizeof(line), file) == NULL)
		abort();
	fclose(file);
	field = strrchr(line, ')');
	for (int i = 0; i < 20 && field != NULL; i++)
		field = strchr(field + 1, ' ');
	return field == NULL ? 0 : strtoull(field, NULL, 10);
}

static int
ask_polkit(char **argv)
{
	struct polkit_answer answer;
	pid_t pid = argv[2] == NULL ? getpid() : (pid_t)number(argv[2]);
	uid_t uid = argv[2] == NULL ? getuid() : number(argv[3]);
	int r = bus_ask_polkit(argv[0], pid, find_start(pid), uid,
		milliseconds(argv[1]), &answer);

	if (r == 0)
		puts(answer.is_authorized             ? "yes"
				: answer.is_challenge ? "challenge"
						      : "no");
	return r;
}

static int
ask_manager(char **argv)
{
	struct manager manager = { 0 };
	int r = bus_ask_manager(milliseconds(argv[0]), &manager);

	if (r == 0)
		printf("%d %s\n", (int)manager.pid,
			manager.uri == NULL ? "not set" : manager.uri);
	manager_clear(&manager);
	return r;
}

static int
ask_linger(char **argv)
{
	bool is_lingering;
	int r = bus_is_lingering(
		number(argv[0]), milliseconds(argv[1]), &is_lingering);

	if (r == 0)
		puts(is_lingering ? "yes" : "no");
	return r;
}

static int
ask_notify(char **argv)
{
	char *by = NULL, *now = NULL;
	uint32_t id;
	int r = bus_notify(number(argv[0]), argv[1], argv[2],
		milliseconds(argv[3]), &id, &by);

	if (r == 0)
		r = bus_find_notifier(milliseconds(argv[3]), &now);
	if (r == 0)
		printf("%" PRIu32 "%s\n", id,
			strcmp(by, now) == 0 ? "" : " by somebody else");
	free(by);
	free(now);
	return r;
}

static int
ask_close(char **argv)
{
	int r = bus_close_notification(number(argv[0]), milliseconds(argv[1]));

	if (r == 0)
		puts("closed");
	return r;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int n_arguments; /* at least */
		int (*function)(char **argv);
	} commands[] = {
		{ "polkit", 2, ask_polkit },
		{ "manager", 1, ask_manager },
		{ "linger", 2, ask_linger },
		{ "notify", 4, ask_notify },
		{ "close", 2, ask_close },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int r;

		if (argc < 2 || strcmp(argv[1], commands[i].name) != 0 ||
			argc - 2 < commands[i].n_arguments)
			continue;
		r = commands[i].function(argv + 2);
		if (r < 0)
			puts(strerrorname_np(-r));
		return 0;
	}
	return 2;
}
