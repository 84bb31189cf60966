/* SPDX-License-Identifier: MIT */
/*
 * What lies in a process's own memory: environment and arguments. Whoever reads
 * them may wait for ever, so those of many are read by a child.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "output.h"
#include "proc.h"

#define ENVIRON_MAX (2 << 20)
#define COMMAND_MAX 200

/* For what a process's kind depends on */
#define KIND_TIMEOUT_MS 1000

/* --- Of one process ------------------------------------------------------- */

/* Without memory of its own a process is about to be gone. */
static bool
has_memory(int directory_fd)
{
	struct proc_file file =
		proc_read(directory_fd, "statm", PROC_SMALL_MAX);
	bool has;

	if (file.bytes == NULL)
		return false;
	has = file.bytes[0] != '0' && file.bytes[0] != '\0';
	free(file.bytes);
	return has;
}

static int
read_variable_at(int directory_fd, const char *name, char **ret)
{
	struct proc_file file = proc_read(directory_fd, "environ", ENVIRON_MAX);
	int r;

	if (file.bytes == NULL)
		return proc_error(file.error);
	/* of a variable that was cut nothing is believed */
	while (file.is_cut && file.size > 0 &&
		file.bytes[file.size - 1] != '\0')
		file.size--;
	r = process_parse_environ(file.bytes, file.size, name, ret);
	if (r == -ENOENT && file.is_cut)
		r = -EFBIG;
	if (r == -ENOENT && file.size == 0 && !has_memory(directory_fd))
		r = -ESRCH;
	free(file.bytes);
	return r;
}

int
process_read_variable(
	const struct process *process, const char *name, char **ret)
{
	int fd = proc_open_process(process), r;

	if (fd < 0)
		return fd;
	r = read_variable_at(fd, name, ret);
	close(fd);
	return r;
}

static char *
bracket_name(const struct process *process)
{
	char *text;

	if (asprintf(&text, "[%s]", process->name) < 0)
		text = NULL;
	return need(text);
}

char *
process_read_command(const struct process *process)
{
	int fd = proc_open_process(process);
	struct proc_file file;

	if (fd < 0)
		return NULL;
	file = proc_read(fd, "cmdline", COMMAND_MAX);
	close(fd);
	if (file.bytes == NULL)
		return proc_error(file.error) == -ESRCH ? NULL
							: bracket_name(process);
	/* who writes a title there leaves NULs behind it */
	while (file.size > 0 && file.bytes[file.size - 1] == '\0')
		file.size--;
	for (size_t i = 0; i < file.size; i++) {
		if (file.bytes[i] == '\0')
			file.bytes[i] = ' ';
	}
	if (file.size > 0)
		return file.bytes;
	free(file.bytes);
	return bracket_name(process);
}

/* --- Of many, by a child -------------------------------------------------- */

/*
 * The child writes its answers where we see them even if it has to be killed,
 * and before each question whom it is about to ask.
 */
struct board {
	size_t next;
	struct slot {
		int result; /* 1: there is text; −errno; 0: not asked */
		char text[VARIABLE_VALUE_MAX + 1];
	} slots[];
};

/* A question for many. */
struct survey {
	const struct process *const *processes;
	size_t count;
	const char *name;
	int (*ask)(const struct process *process, const char *name, char **ret);
	struct board *board; /* shared with the child */
	size_t board_size;
};

static void
ask_all(void *context, int fd)
{
	struct survey *survey = context;
	struct board *board = survey->board;

	(void)fd;
	for (; board->next < survey->count; board->next++) {
		struct slot *slot = &board->slots[board->next];
		char *text = NULL;
		int r = survey->ask(
			survey->processes[board->next], survey->name, &text);

		if (r == 0)
			snprintf(slot->text, sizeof(slot->text), "%s", text);
		slot->result = r == 0 ? 1 : r;
		free(text);
	}
}

/*
 * Asks them all. Whoever does not answer costs half of the time that is left,
 * and is passed over.
 */
static void
survey_run(struct survey *survey, int timeout_ms)
{
	struct board *board;

	survey->board_size =
		sizeof(*board) + survey->count * sizeof(board->slots[0]);
	board = mmap(NULL, survey->board_size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	survey->board = need(board != MAP_FAILED ? board : NULL);
	while (board->next < survey->count && timeout_ms > 1) {
		struct child_result result = { 0 };
		int r = child_call(ask_all, survey, timeout_ms / 2, &result);

		child_result_clear(&result);
		if (r < 0 && r != -ETIMEDOUT)
			break;
		if (board->next < survey->count)
			board->next++;
		timeout_ms -= timeout_ms / 2;
	}
}

static void
survey_end(struct survey *survey)
{
	munmap(survey->board, survey->board_size);
}

/* Borrowed pointers to each; to be freed. */
static const struct process **
point_to_each(const struct process *list, size_t count)
{
	const struct process **each =
		need(calloc(count + 1, sizeof(struct process *)));

	for (size_t i = 0; i < count; i++)
		each[i] = &list[i];
	return each;
}

struct variable *
processes_read_variable(
	const struct processes *processes, const char *name, int timeout_ms)
{
	size_t count = processes->count;
	struct variable *variables =
		need(calloc(count + 1, sizeof(*variables)));
	const struct process **each = point_to_each(processes->list, count);
	struct survey survey = { each, count, name, process_read_variable, NULL,
		0 };

	survey_run(&survey, timeout_ms);
	for (size_t i = 0; i < count; i++) {
		const struct slot *slot = &survey.board->slots[i];

		if (slot->result == -ENOENT)
			variables[i].state = VARIABLE_UNSET;
		if (slot->result <= 0)
			continue;
		variables[i].state = VARIABLE_SET;
		variables[i].value = need(strdup(slot->text));
	}
	survey_end(&survey);
	free(each);
	return variables;
}

void
variables_free(struct variable *variables, size_t count)
{
	for (size_t i = 0; variables != NULL && i < count; i++)
		free(variables[i].value);
	free(variables);
}

static int
ask_command(const struct process *process, const char *name, char **ret)
{
	(void)name;
	*ret = process_read_command(process);
	return *ret != NULL ? 0 : -ESRCH;
}

char **
processes_read_command(const struct processes *processes, int timeout_ms)
{
	size_t count = processes->count;
	char **commands = need(calloc(count + 1, sizeof(*commands)));
	const struct process **each = point_to_each(processes->list, count);
	struct survey survey = { each, count, NULL, ask_command, NULL, 0 };

	survey_run(&survey, timeout_ms);
	for (size_t i = 0; i < count; i++) {
		const struct slot *slot = &survey.board->slots[i];

		if (slot->result > 0)
			commands[i] = need(strdup(slot->text));
		else if (slot->result != -ESRCH)
			commands[i] = bracket_name(&processes->list[i]);
	}
	survey_end(&survey);
	free(each);
	return commands;
}

void
process_settle_kinds(struct process *list, size_t count)
{
	const struct process **asked =
		need(calloc(count + 1, sizeof(struct process *)));
	struct survey survey = { asked, 0, NULL, ask_command, NULL, 0 };

	for (size_t i = 0; i < count; i++) {
		if (process_wants_command(&list[i]))
			asked[survey.count++] = &list[i];
	}
	if (survey.count > 0) {
		survey_run(&survey, KIND_TIMEOUT_MS);
		for (size_t i = 0; i < survey.count; i++) {
			const struct slot *slot = &survey.board->slots[i];
			struct process *process = &list[asked[i] - list];

			if (slot->result > 0)
				process->kind = process_guess_kind(
					process, slot->text, NULL);
		}
		survey_end(&survey);
	}
	free(asked);
}
