/* SPDX-License-Identifier: MIT */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "output.h"

/* "PASS  environment    text": where the text begins */
#define TEXT_COLUMN 21

static const struct {
	const char *name;
	const char *color; /* ECMA-48's SGR parameters */
} statuses[] = {
	[FINDING_PASS] = { "PASS", "32" },
	[FINDING_SKIP] = { "SKIP", "2" },
	[FINDING_NOTE] = { "NOTE", "36" },
	[FINDING_WARN] = { "WARN", "33" },
	[FINDING_FAIL] = { "FAIL", "1;31" },
};

const char *
finding_status_name(enum finding_status status)
{
	return statuses[status].name;
}

/* Makes room behind the observations that are at least as bad. */
static struct observation *
insert(struct finding *finding, enum finding_status status)
{
	size_t place = 0;

	finding->observations = need(reallocarray(finding->observations,
		finding->count + 1, sizeof(*finding->observations)));
	while (place < finding->count &&
		finding->observations[place].status >= status)
		place++;
	memmove(&finding->observations[place + 1],
		&finding->observations[place],
		(finding->count - place) * sizeof(*finding->observations));
	finding->count++;
	finding->latest = place;
	return &finding->observations[place];
}

void
finding_say(struct finding *finding, enum finding_status status,
	const char *format, ...)
{
	struct observation *observation = insert(finding, status);
	va_list args;

	va_start(args, format);
	*observation = (struct observation){
		.status = status,
		.text = need(text_vformat(format, args)),
	};
	va_end(args);
}

void
finding_cure(
	struct finding *finding, const char *label, const char *format, ...)
{
	struct observation *observation =
		&finding->observations[finding->latest];
	va_list args;

	observation->cures = need(reallocarray(observation->cures,
		observation->n_cures + 1, sizeof(*observation->cures)));
	va_start(args, format);
	observation->cures[observation->n_cures++] = (struct cure){
		.label = need(text_printable(label)),
		.text = need(text_vformat(format, args)),
	};
	va_end(args);
}

enum finding_status
finding_status(const struct finding *finding)
{
	return finding->count > 0 ? finding->observations[0].status
				  : FINDING_SKIP;
}

static bool
is_shown(const struct finding *finding, size_t i, bool is_verbose)
{
	return i == 0 || is_verbose ||
		finding->observations[i].status != FINDING_PASS;
}

/* So many blanks stand between a label's colon and the one before its text. */
static int
pad_behind(const char *label)
{
	size_t used = strlen("      :") + strlen(label) + 1;

	return used < TEXT_COLUMN ? (int)(TEXT_COLUMN - used) : 0;
}

static void
print_cures(const struct observation *observation)
{
	for (size_t i = 0; i < observation->n_cures; i++) {
		const struct cure *cure = &observation->cures[i];

		if (cure->label[0] == '\0')
			printf("%*s%s\n", TEXT_COLUMN, "", cure->text);
		else
			printf("      %s:%*s %s\n", cure->label,
				pad_behind(cure->label), "", cure->text);
	}
}

static void
print_head(
	const struct finding *finding, enum finding_status status, bool color)
{
	printf("%s%s%s%s%s  %-13s  ", color ? "\033[" : "",
		color ? statuses[status].color : "", color ? "m" : "",
		statuses[status].name, color ? "\033[0m" : "", finding->id);
}

void
finding_print(const struct finding *finding, bool is_verbose, bool is_colored)
{
	if (finding->count == 0) {
		print_head(finding, FINDING_SKIP, is_colored);
		printf("nothing to look at\n");
	}
	for (size_t i = 0; i < finding->count; i++) {
		const struct observation *observation =
			&finding->observations[i];

		if (!is_shown(finding, i, is_verbose))
			continue;
		if (i == 0)
			print_head(finding, observation->status, is_colored);
		else
			printf("%*s", TEXT_COLUMN, "");
		printf("%s\n", observation->text);
		print_cures(observation);
	}
}

/* Adds a line to text, which is owned; NULL: the first one. */
static char *
add_line(char *text, const char *label, const char *line)
{
	char *longer;

	if (asprintf(&longer, "%s%s%s%s%s", text != NULL ? text : "",
		    text != NULL ? "\n" : "", label,
		    label[0] != '\0' ? ": " : "", line) < 0)
		need(NULL);
	free(text);
	return longer;
}

json_t *
finding_to_json(const struct finding *finding)
{
	json_t *object = need(json_object());
	char *text = NULL, *remedy = NULL;

	for (size_t i = 0; i < finding->count; i++) {
		const struct observation *observation =
			&finding->observations[i];

		if (!is_shown(finding, i, false))
			continue;
		text = add_line(text, "", observation->text);
		for (size_t j = 0; j < observation->n_cures; j++)
			remedy = add_line(remedy, observation->cures[j].label,
				observation->cures[j].text);
	}
	json_add(object, "id", json_string(finding->id));
	json_add(object, "status",
		json_string(statuses[finding_status(finding)].name));
	json_add(object, "text", json_string(text != NULL ? text : ""));
	json_add(object, "remedy",
		remedy != NULL ? json_string(remedy) : json_null());
	free(text);
	free(remedy);
	return object;
}

void
finding_clear(struct finding *finding)
{
	for (size_t i = 0; i < finding->count; i++) {
		struct observation *observation = &finding->observations[i];

		for (size_t j = 0; j < observation->n_cures; j++) {
			free(observation->cures[j].label);
			free(observation->cures[j].text);
		}
		free(observation->cures);
		free(observation->text);
	}
	free(finding->observations);
	*finding = (struct finding){ .id = finding->id };
}
