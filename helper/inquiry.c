/* SPDX-License-Identifier: MIT */
#include "inquiry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/text.h"

/* Whose question it is: the real user's, unless one is named. */
static int
find_subject(struct inquiry *inquiry)
{
	const char *name = inquiry->options->user;

	if (name == NULL)
		return subject_new_uid(
			&inquiry->facts, getuid(), &inquiry->subject);
	return subject_new(&inquiry->facts, name, &inquiry->subject);
}

static char *
describe_failure(const char *name, int error)
{
	char *who, *text;

	if (error == -ENOENT && name != NULL)
		return need(text_format("there is no user '%s'", name));
	who = need(name != NULL
			? text_format("user '%s'", name)
			: text_format("uid %lu", (unsigned long)getuid()));
	errno = -error;
	if (error == -ENOENT)
		text = text_format("%s has no name here", who);
	else if (error == -ETIMEDOUT)
		text = text_format("%s cannot be looked up: the name service "
				   "does not answer",
			who);
	else
		text = text_format("%s cannot be looked up: %m", who);
	free(who);
	return need(text);
}

static bool
is_self(const struct subject *subject)
{
	return subject_uid(subject) == getuid();
}

static bool
has_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/*
 * Which session is asked about: one's own, unless another person or another
 * session is named. A service of one's own choice comes without the remote
 * host of the session one happens to sit in.
 */
static void
choose_session(struct inquiry *inquiry)
{
	const struct options *options = inquiry->options;
	struct session *session = &inquiry->session;

	if (is_self(inquiry->subject) && !has_text(options->service)) {
		*session = session_find(&inquiry->is_own_session);
		if (options->rhost != NULL)
			inquiry->is_own_session = false;
	} else {
		session->service = need(
			strdup(has_text(options->service) ? options->service
							  : "login"));
	}
	if (options->rhost != NULL) {
		free(session->rhost);
		session->rhost = need(strdup(options->rhost));
	}
}

enum status
inquiry_begin(struct inquiry *inquiry, const struct options *options,
	const struct facts *facts, char **error)
{
	struct policy_where where = policy_installed;
	char *absolute = NULL;
	int r;

	*inquiry = (struct inquiry){ .options = options };
	inquiry->facts = facts != NULL ? *facts : facts_nss(&inquiry->buffer);
	where.root = options->root;
	if (options->policy != NULL) {
		absolute = path_make_absolute(options->policy);
		where.file = absolute;
	}
	r = policy_load(&where, &inquiry->policy);
	free(absolute);
	if (r < 0)
		need(NULL);
	r = find_subject(inquiry);
	if (r < 0)
		*error = describe_failure(options->user, r);
	else
		choose_session(inquiry);
	inquiry->situation = (struct situation){
		.policy = inquiry->policy,
		.subject = inquiry->subject,
		.request = { inquiry->session.service, inquiry->session.rhost },
	};
	return r < 0 ? STATUS_UNKNOWN : STATUS_OK;
}

void
inquiry_clear(struct inquiry *inquiry)
{
	subject_free(inquiry->subject);
	policy_free(inquiry->policy);
	session_clear(&inquiry->session);
	nss_buffer_clear(&inquiry->buffer);
}

void
inquiry_complain(const struct inquiry *inquiry, const struct decision *decision)
{
	const struct remark *cause = decision_find_cause(decision);

	for (size_t i = 0; i < decision->remarks.count; i++) {
		if (cause != NULL || !inquiry->options->quiet)
			complain_remark(&decision->remarks.list[i]);
	}
}

enum status
decision_status(const struct decision *decision)
{
	if (decision_find_cause(decision) != NULL)
		return STATUS_UNKNOWN;
	return decision->verdict == VERDICT_URI ? STATUS_OK : STATUS_NO;
}

static json_t *
rule_to_json(const struct rule *rule)
{
	json_t *object;

	if (rule == NULL)
		return json_null();
	object = need(json_object());
	json_add_rule(object, rule);
	return object;
}

static json_t *
error_to_json(const struct decision *decision)
{
	const struct remark *cause = decision_find_cause(decision);
	char *place = need(remark_format_place(cause));
	char *text = need(text_format("%s%s", place, cause->text));
	json_t *value = json_text(text);

	free(place);
	free(text);
	return value;
}

void
inquiry_add_json(const struct inquiry *inquiry, const struct decision *decision,
	json_t *document)
{
	const struct subject *subject = inquiry->subject;

	json_add(document, "user", json_text(subject_name(subject)));
	json_add(document, "uid", json_integer(subject_uid(subject)));
	json_add(document, "service", json_text(inquiry->session.service));
	json_add(document, "uri", json_text(decision->uri));
	json_add(document, "rule", rule_to_json(decision->rule));
	if (decision_find_cause(decision) != NULL)
		json_add(document, "error", error_to_json(decision));
}

enum status
inquiry_fail(
	const struct inquiry *inquiry, const char *command, const char *error)
{
	json_t *document;

	complain("%s", error);
	if (inquiry->options->json) {
		document = json_document(command);
		json_add(document, "user", json_text(inquiry->options->user));
		json_add(document, "uid", json_null());
		json_add(document, "service",
			json_text(inquiry->options->service));
		json_add(document, "uri", json_null());
		json_add(document, "rule", json_null());
		json_add(document, "error", json_text(error));
		if (strcmp(command, "explain") == 0)
			json_add(document, "rules", json_array());
		json_print(document);
	}
	return STATUS_UNKNOWN;
}
