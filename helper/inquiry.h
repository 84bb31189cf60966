/* SPDX-License-Identifier: MIT */
#ifndef HELPER_INQUIRY_H
#define HELPER_INQUIRY_H

/*
 * The question `uri` and `explain` have in common: what does the policy say
 * for this user in such a session? It is put to the engine exactly as the
 * module puts it.
 */

#include "../policy/decide.h"
#include "options.h"
#include "output.h"
#include "session.h"

struct inquiry {
	const struct options *options;
	struct session session; /* asked about */
	bool is_own_session; /* … and for certain the one we are in */
	struct nss_buffer buffer;
	struct facts facts;
	struct policy *policy;
	struct subject *subject;
	struct situation situation;
};

/*
 * Prepares it. facts: where to ask about people, to outlive the inquiry; NULL:
 * NSS. STATUS_OK; STATUS_UNKNOWN with *error* (owned by the caller) saying why,
 * when there is no such user or they cannot be looked up. To be cleared in any
 * case; must not be moved.
 */
enum status inquiry_begin(struct inquiry *inquiry,
	const struct options *options, const struct facts *facts, char **error);

void inquiry_clear(struct inquiry *inquiry);

/* Its remarks, on standard error; --quiet leaves them out if all is well. */
void inquiry_complain(
	const struct inquiry *inquiry, const struct decision *decision);

/*
 * What a decision comes to: STATUS_OK with a URI, STATUS_NO without,
 * STATUS_UNKNOWN when something is wrong.
 */
enum status decision_status(const struct decision *decision);

/*
 * The members that `uri` and `explain` share: user, uid, service, uri, rule,
 * and error when something is wrong.
 */
void inquiry_add_json(const struct inquiry *inquiry,
	const struct decision *decision, json_t *document);

/*
 * Fails a command whose question cannot be put: says why, as JSON too if that
 * is wanted. Always STATUS_UNKNOWN.
 */
enum status inquiry_fail(
	const struct inquiry *inquiry, const char *command, const char *error);

#endif
