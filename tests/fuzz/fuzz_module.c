/* SPDX-License-Identifier: MIT */
/*
 * The module itself, through the real libpam: its arguments, PAM_USER,
 * PAM_RHOST, PAM_SERVICE and a policy are made of an input's bytes. Whatever
 * they are, the session is opened, nothing but the one variable changes, and
 * that to what the engine says.
 */
#include "grammar.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define PAM_SM_ACCOUNT
#define PAM_SM_AUTH
#define PAM_SM_PASSWORD
#define PAM_SM_SESSION
#include <security/pam_modules.h>

#include "../../policy/decide.h"
#include "../../policy/uri.h"
#include "../pam/log.h"
#include "rfc3986.h"

#define ARGUMENTS_MAX 4
#define RAW_MAX       64

/* --- The policy --------------------------------------------------------------
 */

static const char *installed[2]; /* where there is no policy= */

/* The linker's names; see tests/unit/alloc.c. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
int __real_policy_load(const struct policy_where *where, struct policy **ret);
int __wrap_policy_load(const struct policy_where *where, struct policy **ret);

int
__wrap_policy_load(const struct policy_where *where, struct policy **ret)
{
	const struct policy_where here = { .candidates = installed };

	return __real_policy_load(where->file != NULL ? where : &here, ret);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static const char *
make_file(struct take *take, unsigned int number)
{
	size_t size = 0;
	char *text = grammar_make_policy(take, &size);
	const char *path = fuzz_file(number, text, size);

	free(text);
	return path;
}

/* --- The session -------------------------------------------------------------
 */

struct session {
	const char *arguments[ARGUMENTS_MAX];
	char *made[ARGUMENTS_MAX]; /* of these; owned */
	int count;
	char *user, *rhost, *service; /* owned; NULL: not set */
	const char *before; /* of the variable; NULL: not set */
	/* what the arguments say, by pam_virturi(8) */
	bool overrides, debugs;
	const char *policy;
	unsigned int unknown;
};

static char *
take_raw(struct take *take)
{
	struct span raw = take_bytes(take, RAW_MAX);

	return fuzz_text((const uint8_t *)raw.start, raw.size);
}

/* One time in four raw bytes, else the usual. */
static char *
take_item(struct take *take, const char *usual)
{
	char *copy;

	if (take_one_in(take, 4))
		return take_raw(take);
	if (usual == NULL || take_one_in(take, 16))
		return NULL;
	copy = strdup(usual);
	MUST(copy != NULL);
	return copy;
}

/* Raw bytes after the prefix, but no path: files are the host's. */
static char *
make_raw(struct take *take, const char *prefix)
{
	char *raw = take_raw(take), *argument = NULL;

	for (char *c = raw; *c != '\0'; c++) {
		if (*c == '/')
			*c = '_';
	}
	MUST(asprintf(&argument, "%s%s", prefix, raw) >= 0);
	free(raw);
	return argument;
}

static char *
make_argument(struct take *take, const char *file)
{
	static const char *const words[] = { "override", "debug", "override",
		"debug", "Override", "policy", "debug=1" };
	unsigned int choice = take_below(take, 2 * countof(words));
	char *argument = NULL;

	if (choice == countof(words))
		return make_raw(take, "");
	if (choice == countof(words) + 1)
		return make_raw(take, "policy=");
	if (choice > countof(words))
		MUST(asprintf(&argument, "policy=%s", file) > 0);
	else
		argument = strdup(words[choice]);
	MUST(argument != NULL);
	return argument;
}

static void
add_argument(struct session *session, struct take *take, const char *file)
{
	char *argument = make_argument(take, file);

	session->made[session->count] = argument;
	session->arguments[session->count++] = argument;
	if (strcmp(argument, "override") == 0)
		session->overrides = true;
	else if (strcmp(argument, "debug") == 0)
		session->debugs = true;
	else if (strncmp(argument, "policy=", 7) == 0)
		session->policy = argument + 7;
	else
		session->unknown++;
}

static struct session
make_session(struct take *take, const char *file)
{
	static const char *const before[] = { NULL, NULL, "", "xen:///" };
	struct request request = grammar_request(take);
	struct session session = { .before = take_one(take, before) };
	unsigned int count = take_below(take, ARGUMENTS_MAX + 1);

	session.user = take_item(take, grammar_user(take));
	session.rhost = take_item(take, request.rhost);
	session.service = take_item(take, request.service);
	for (unsigned int i = 0; i < count; i++)
		add_argument(&session, take, file);
	return session;
}

static void
session_clear(struct session *session)
{
	for (int i = 0; i < session->count; i++)
		free(session->made[i]);
	free(session->user);
	free(session->rhost);
	free(session->service);
}

/* A directory with a service that has no line, made once below $TMPDIR. */
static const char *
make_services(void)
{
	static const char *const names[] = { "fuzz", "other" };
	static char directory[1024];

	if (directory[0] != '\0')
		return directory;
	snprintf(directory, sizeof(directory), "%s/pam.XXXXXX",
		getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	MUST(mkdtemp(directory) != NULL);
	for (size_t i = 0; i < countof(names); i++) {
		FILE *file = fopen(fake_path(directory, names[i]), "we");

		MUST(file != NULL);
		fputs("# nothing\n", file);
		fclose(file);
	}
	return directory;
}

/*
 * libaudit's, for libpam: there is no audit in this kernel. Or else each
 * session leaves a record on the host, for which its remote host is looked up.
 */
int audit_open(void) __attribute__((visibility("default")));

int
audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

static void
set_item(pam_handle_t *pamh, int type, const char *text)
{
	if (text != NULL)
		MUST(pam_set_item(pamh, type, text) == PAM_SUCCESS);
}

static pam_handle_t *
begin(const struct session *session)
{
	static const struct pam_conv silent;
	pam_handle_t *pamh = NULL;
	char *entry = NULL;

	MUST(pam_start_confdir("fuzz", NULL, &silent, make_services(), &pamh) ==
		PAM_SUCCESS);
	set_item(pamh, PAM_USER, session->user);
	set_item(pamh, PAM_RHOST, session->rhost);
	set_item(pamh, PAM_SERVICE, session->service);
	MUST(pam_putenv(pamh, "OTHER=1") == PAM_SUCCESS);
	if (session->before != NULL) {
		MUST(asprintf(&entry, VARIABLE "=%s", session->before) > 0);
		MUST(pam_putenv(pamh, entry) == PAM_SUCCESS);
	}
	free(entry);
	return pamh;
}

/* --- What comes of it --------------------------------------------------------
 */

/* What the engine says for PAM's items; to be freed; NULL: nothing. */
static char *
decide(pam_handle_t *pamh, struct fake *people, const char *file)
{
	const struct policy_where where = { .file = file };
	struct facts facts = fake_facts(people);
	struct situation situation = { 0 };
	const void *user = NULL, *service = NULL, *rhost = NULL;
	struct policy *policy = NULL;
	struct decision decision;
	char *uri = NULL;

	MUST(pam_get_item(pamh, PAM_USER, &user) == PAM_SUCCESS);
	MUST(pam_get_item(pamh, PAM_SERVICE, &service) == PAM_SUCCESS);
	MUST(pam_get_item(pamh, PAM_RHOST, &rhost) == PAM_SUCCESS);
	MUST(policy_load(&where, &policy) == 0);
	situation.policy = policy;
	situation.request = (struct request){ service, rhost };
	if (user != NULL &&
		subject_new(&facts, user, &situation.subject) == 0) {
		MUST(policy_decide(&situation, NULL, &decision) == 0);
		uri = decision.uri;
		decision.uri = NULL;
		decision_clear(&decision);
	}
	subject_free(situation.subject);
	policy_free(policy);
	return uri;
}

static void
check_environment(pam_handle_t *pamh, const char *expected)
{
	char **list = pam_getenvlist(pamh);
	size_t count = 0;

	MUST(list != NULL);
	for (; list[count] != NULL; count++) {
		if (strcmp(list[count], "OTHER=1") == 0) {
			free(list[count]);
			continue;
		}
		MUST(expected != NULL);
		MUST(strncmp(list[count], VARIABLE "=", strlen(VARIABLE "=")) ==
			0);
		MUST(strcmp(list[count] + strlen(VARIABLE "="), expected) == 0);
		free(list[count]);
	}
	MUST(count == (expected != NULL ? 2 : 1));
	free(list);
}

static void
check_log(const struct log *log, const struct session *session)
{
	unsigned int unknown = 0, debugs = 0;

	for (size_t i = 0; i < log->count; i++) {
		const struct log_line *line = &log->lines[i];

		MUST(fuzz_is_printable(line->text));
		MUST(line->priority >= LOG_ERR);
		unknown += strstr(line->text, "unknown argument '") != NULL;
		debugs += line->priority == LOG_DEBUG;
	}
	MUST(unknown >= session->unknown);
	MUST((debugs > 0) == session->debugs);
	if (session->before != NULL && !session->overrides)
		MUST(log->count == session->unknown + session->debugs);
}

static void
open_and_close(pam_handle_t *pamh, struct session *session, struct fake *people)
{
	char *uri = decide(pamh, people, session->policy);
	const char *expected = session->before;
	struct log log;

	if (uri != NULL && (session->before == NULL || session->overrides))
		expected = uri;
	log_begin(&log);
	MUST(pam_sm_open_session(pamh, 0, session->count, session->arguments) ==
		PAM_SUCCESS);
	check_environment(pamh, expected);
	check_log(&log, session);
	log_clear(&log);
	MUST(pam_sm_close_session(pamh, 0, session->count,
		     session->arguments) == PAM_SUCCESS);
	MUST(log.count == 0);
	check_environment(pamh, expected);
	if (expected != NULL && expected == uri) {
		MUST(rfc3986_is_absolute(uri));
		MUST(strlen(uri) <= URI_MAX);
	}
	log_end();
	free(uri);
}

/* The other four say nothing of anything, in whatever stack they stand. */
static void
check_others(pam_handle_t *pamh, struct session *session)
{
	static int (*const others[])(
		pam_handle_t *, int, int, const char **) = {
		pam_sm_authenticate,
		pam_sm_setcred,
		pam_sm_acct_mgmt,
		pam_sm_chauthtok,
	};

	for (size_t i = 0; i < countof(others); i++)
		MUST(others[i](pamh, 0, session->count, session->arguments) ==
			PAM_IGNORE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take take = { data, size };
	struct fake people = grammar_people(&take);
	const char *file = make_file(&take, 0);
	struct session session;
	struct log ignored;
	pam_handle_t *pamh;
	size_t descriptors;

	grammar_lose_users(&take, &people);
	installed[0] = make_file(&take, 1);
	session = make_session(&take, file);
	grammar_use_people(&people);
	log_begin(&ignored);
	pamh = begin(&session);
	log_end();
	log_clear(&ignored);
	descriptors = fake_descriptors();
	open_and_close(pamh, &session, &people);
	check_others(pamh, &session);
	MUST(fake_descriptors() == descriptors);
	pam_end(pamh, PAM_SUCCESS);
	session_clear(&session);
	return 0;
}
