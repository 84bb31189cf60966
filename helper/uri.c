/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "inquiry.h"

static void
print(const struct inquiry *inquiry, const struct decision *decision)
{
	json_t *document;

	if (inquiry->options->json) {
		document = json_document("uri");
		inquiry_add_json(inquiry, decision, document);
		json_print(document);
	} else if (decision->verdict == VERDICT_URI) {
		printf("%s\n", decision->uri);
	}
}

enum status
command_uri(const struct options *options)
{
	struct inquiry inquiry;
	struct decision decision;
	char *error = NULL;
	enum status status = inquiry_begin(&inquiry, options, NULL, &error);

	if (status != STATUS_OK) {
		inquiry_fail(&inquiry, "uri", error);
		goto out;
	}
	if (policy_decide(&inquiry.situation, NULL, &decision) < 0)
		need(NULL);
	status = decision_status(&decision);
	inquiry_complain(&inquiry, &decision);
	print(&inquiry, &decision);
	if (status == STATUS_NO && !options->quiet)
		complain("the policy gives %s no URI (%s); "
			 "`virturi explain` says why",
			subject_name(inquiry.subject), inquiry.session.service);
	decision_clear(&decision);

out:
	free(error);
	inquiry_clear(&inquiry);
	return status;
}
