/* SPDX-License-Identifier: MIT */
#include "personal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "files.h"
#include "output.h"
#include "personal_search.h"

/*
 * What the child found goes through a pipe: strings, each with a NUL behind
 * it. One pair of functions passes a thing in either direction, so both ends
 * go through the same members in the same order.
 */
struct wire {
	FILE *const out; /* NULL: it is read */
	const char *next, *end; /* of what is read */
	bool is_bad; /* it ended too early, or is nothing of ours */
};

/* The next string; "" for all that are missing. */
static const char *
receive(struct wire *wire)
{
	const char *text = wire->next;
	size_t size = (size_t)(wire->end - text);
	const char *nul = memchr(text, '\0', size);

	if (nul == NULL) {
		wire->is_bad = true;
		return "";
	}
	wire->next = nul + 1;
	return text;
}

/* A sign before it tells an empty string from none. */
static char *
pass_text(struct wire *wire, char *text)
{
	const char *received;

	if (wire->out != NULL) {
		fprintf(wire->out, "%s%s%c", text != NULL ? "=" : "",
			text != NULL ? text : "", '\0');
		return text;
	}
	received = receive(wire);
	return received[0] == '=' ? need(strdup(received + 1)) : NULL;
}

static unsigned int
pass_number(struct wire *wire, unsigned int number)
{
	if (wire->out == NULL)
		return (unsigned int)strtoul(receive(wire), NULL, 10);
	fprintf(wire->out, "%u%c", number, '\0');
	return number;
}

/* The length of a list. */
static size_t
pass_count(struct wire *wire, size_t count, size_t max)
{
	count = pass_number(wire, (unsigned int)count);
	if (count <= max)
		return count;
	wire->is_bad = true;
	return 0;
}

static void
pass_assignment(struct wire *wire, struct assignment *assignment)
{
	assignment->variable = pass_text(wire, assignment->variable);
	assignment->file = pass_text(wire, assignment->file);
	assignment->line = pass_number(wire, assignment->line);
	assignment->value = pass_text(wire, assignment->value);
	assignment->is_unset = pass_number(wire, assignment->is_unset) != 0;
	assignment->is_users = pass_number(wire, assignment->is_users) != 0;
	if (assignment->variable == NULL || assignment->file == NULL)
		wire->is_bad = true;
}

static void
pass_assignments(struct wire *wire, struct personal *personal)
{
	size_t n = pass_count(
		wire, personal->n_assignments, PERSONAL_ASSIGNMENTS_MAX);

	if (wire->out == NULL)
		personal->assignments =
			need(calloc(n + 1, sizeof(*personal->assignments)));
	for (size_t i = 0; i < n; i++)
		pass_assignment(wire, &personal->assignments[i]);
	personal->n_assignments = n;
}

static void
pass_machines(struct wire *wire, struct personal *personal)
{
	size_t n =
		pass_count(wire, personal->n_machines, PERSONAL_MACHINES_MAX);

	if (wire->out == NULL)
		personal->machines =
			need(calloc(n + 1, sizeof(*personal->machines)));
	for (size_t i = 0; i < n; i++) {
		char *name = pass_text(wire, personal->machines[i]);

		personal->machines[i] = name;
		wire->is_bad |= name == NULL;
	}
	personal->n_machines = n;
}

static void
pass_personal(struct wire *wire, struct personal *personal)
{
	int error = (int)pass_number(
		wire, (unsigned int)personal->client_conf_error);

	personal->client_conf_error = error;
	personal->client_conf = pass_text(wire, personal->client_conf);
	personal->client_conf_line =
		pass_number(wire, personal->client_conf_line);
	personal->uri_default = pass_text(wire, personal->uri_default);
	personal->unreadable = pass_text(wire, personal->unreadable);
	personal->unreadable_error = (int)pass_number(
		wire, (unsigned int)personal->unreadable_error);
	personal->machines_error =
		(int)pass_number(wire, (unsigned int)personal->machines_error);
	personal->is_boxes_flatpak =
		pass_number(wire, personal->is_boxes_flatpak) != 0;
	pass_assignments(wire, personal);
	pass_machines(wire, personal);
}

/* In the child: an errno, and all that was found. */
static void
search(void *context, int fd)
{
	const struct personal_where *where = context;
	struct wire wire = { .out = need(fdopen(fd, "w")), .next = "" };
	struct personal found;
	int r = where->user != NULL ? child_take_rights(where->user) : 0;

	if (r == 0)
		r = personal_search(where, &found);
	pass_number(&wire, (unsigned int)-r);
	if (r == 0) {
		pass_personal(&wire, &found);
		personal_clear(&found);
	}
	fclose(wire.out);
}

static int
read_by_child(const struct personal_where *where, int timeout_ms,
	struct personal *ret)
{
	struct personal_where copy = *where;
	struct child_result result;
	struct personal found = { 0 };
	struct wire wire = { 0 };
	int r = child_call(search, &copy, timeout_ms, &result);

	if (r < 0)
		return r;
	wire.next = result.output;
	wire.end = result.output + result.size;
	r = -(int)pass_number(&wire, 0);
	if (r == 0)
		pass_personal(&wire, &found);
	child_result_clear(&result);
	if (r == 0 && wire.is_bad)
		r = -EBADMSG;
	if (r < 0)
		personal_clear(&found);
	else
		*ret = found;
	return r;
}

int
personal_read(const struct personal_where *where, int timeout_ms,
	struct personal *ret)
{
	struct personal_where host = *where;
	int r = read_by_child(where, timeout_ms, ret);

	if (r == 0 || (r != -ETIMEDOUT && where->user == NULL))
		return r;
	*ret = (struct personal){ 0 };
	host.home = host.user = NULL;
	if (where->home != NULL)
		(void)read_by_child(&host, timeout_ms, ret);
	return r;
}

void
personal_clear(struct personal *personal)
{
	for (size_t i = 0; i < personal->n_assignments; i++) {
		free(personal->assignments[i].variable);
		free(personal->assignments[i].file);
		free(personal->assignments[i].value);
	}
	free(personal->assignments);
	free(personal->unreadable);
	free(personal->client_conf);
	free(personal->uri_default);
	files_free_names(personal->machines, personal->n_machines);
	*personal = (struct personal){ 0 };
}
