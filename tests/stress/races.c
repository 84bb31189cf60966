/* SPDX-License-Identifier: MIT */
#include "races.h"

#include "../../policy/countof.h"

/* What a policy can say to alice; to see MIX is to see half of a change. */
#define OLD     "test:///old"
#define NEW     "test:///new"
#define MIX     "test:///mix"
#define BENEATH "test:///beneath"

#define RULE(uri) "[user alice]\nuri = " uri "\n"

/* A rule that is passed over, as long as another one. */
#define PASSED_OVER "[user alice]\nservices = other\nuri = " MIX "\n"

/*
 * Two files that belong together. Of the new ones the second decides, of the
 * old ones the first: the new first with the old second is a mix.
 */
#define OLD_1 RULE(OLD)
#define OLD_2 PASSED_OVER
#define NEW_1 RULE(MIX)
#define NEW_2 RULE(NEW)

/* The same in one file, the second above the first and far from it. */
#define LINE    "# which is as long as it is so that there are many bytes\n"
#define LINES_8 LINE LINE LINE LINE LINE LINE LINE LINE
#define MANY    LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8
#define OLD_LONG                                                               \
	"[user alice]\nservices = login\nuri = " OLD "\n" MANY                 \
	"[others]\nuri = " MIX "\n"
#define NEW_LONG                                                               \
	"[user alice]\nservices = other\nuri = " OLD "\n" MANY                 \
	"[others]\nuri = " NEW "\n"

#define MAIN   "A/virturi.conf"
#define DIR    "A/virturi.conf.d"
#define DROPIN DIR "/50-site.conf"

/* The n-th of many files, and what it says once it was replaced. */
#define FILE_N(n) DIR "/1" #n ".conf"
#define URI_N(n)  "test:///" #n
#define UP(n)                                                                  \
	{                                                                      \
		PUT, FILE_N(n), RULE(URI_N(n)), URI_N(n)                       \
	}
#define DOWN(n, below)                                                         \
	{                                                                      \
		PUT, FILE_N(n), PASSED_OVER, below                             \
	}

const struct race_row race_rows[] = {
	{ .name = "a main file is renamed over",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, RULE(OLD) } },
		.steps = { { PUT, MAIN, RULE(NEW), NEW },
			{ PUT, MAIN, RULE(OLD), OLD } } },
	{ .name = "a drop-in is renamed over",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DROPIN, RULE(OLD) } },
		.steps = { { PUT, DROPIN, RULE(NEW), NEW },
			{ PUT, DROPIN, RULE(OLD), OLD } } },
	{ .name = "the target of a link is renamed over",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ "S/target", RULE(OLD) }, { DROPIN, "-> S/target" } },
		.steps = { { PUT, "S/target", RULE(NEW), NEW },
			{ PUT, "S/target", RULE(OLD), OLD } } },
	{ .name = "the drop-in directory is exchanged",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DIR "/10.conf", OLD_1 }, { DIR "/20.conf", OLD_2 },
			{ "S/new", NULL }, { "S/new/10.conf", NEW_1 },
			{ "S/new/20.conf", NEW_2 } },
		.steps = { { SWAP, DIR, "S/new", NEW },
			{ SWAP, DIR, "S/new", OLD } } },
	{ .name = "the directory behind links is exchanged",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DIR "/10.conf", "-> S/set/10.conf" },
			{ DIR "/20.conf", "-> S/set/20.conf" },
			{ "S/set", NULL }, { "S/set/10.conf", OLD_1 },
			{ "S/set/20.conf", OLD_2 }, { "S/new", NULL },
			{ "S/new/10.conf", NEW_1 },
			{ "S/new/20.conf", NEW_2 } },
		.steps = { { SWAP, "S/set", "S/new", NEW },
			{ SWAP, "S/set", "S/new", OLD } },
		.mix_from = 3 },
	{ .name = "a whole layer is exchanged",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, OLD_1 }, { DIR, NULL }, { DROPIN, OLD_2 },
			{ "S/new", NULL }, { "S/new/virturi.conf", NEW_1 },
			{ "S/new/virturi.conf.d", NULL },
			{ "S/new/virturi.conf.d/50-site.conf", NEW_2 } },
		.steps = { { SWAP, "A/", "S/new", NEW },
			{ SWAP, "A/", "S/new", OLD } } },
	{ .name = "two layers are exchanged",
		.things = { { MAIN, RULE(OLD) },
			{ "R/virturi.conf", RULE(NEW) } },
		.steps = { { SWAP, "A/", "R/", NEW },
			{ SWAP, "A/", "R/", OLD } } },
	{ .name = "two layers of drop-ins are exchanged",
		.things = { { DIR, NULL }, { DIR "/50.conf", RULE(OLD) },
			{ "R/virturi.conf.d", NULL },
			{ "R/virturi.conf.d/10.conf", RULE(MIX) } },
		.steps = { { SWAP, "A/", "R/", OLD },
			{ SWAP, "A/", "R/", OLD } } },
	{ .name = "a layer becomes another",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, RULE(OLD) } },
		.steps = { { MOVE, "R/", "S/empty", OLD },
			{ MOVE, "A/", "R/", OLD }, { MOVE, "R/", "A/", OLD },
			{ MOVE, "S/empty", "R/", OLD } } },
	{ .name = "a layer comes and goes",
		.things = { { "V/virturi.conf", RULE(OLD) },
			{ MAIN, RULE(NEW) } },
		.steps = { { MOVE, "A/", "S/away", OLD },
			{ MOVE, "S/away", "A/", NEW } } },
	{ .name = "a drop-in directory comes and goes",
		.things = { { "V/virturi.conf", RULE(OLD) }, { DIR, NULL },
			{ DROPIN, RULE(NEW) } },
		.steps = { { MOVE, DIR, "S/away", OLD },
			{ MOVE, "S/away", DIR, NEW } } },
	{ .name = "a drop-in directory becomes a link",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DROPIN, RULE(OLD) }, { "S/new", NULL },
			{ "S/new/50-site.conf", RULE(NEW) },
			{ "S/link", "-> S/new" } },
		.steps = { { SWAP, DIR, "S/link", NEW },
			{ SWAP, DIR, "S/link", OLD } } },
	{ .name = "a drop-in comes and goes",
		.things = { { "V/virturi.conf", RULE(OLD) }, { DIR, NULL } },
		.steps = { { PUT, DROPIN, RULE(NEW), NEW },
			{ REMOVE, DROPIN, NULL, OLD } } },
	{ .name = "a drop-in gets another name",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DIR "/10.conf", RULE(NEW) },
			{ DIR "/50.conf", RULE(OLD) } },
		.steps = { { MOVE, DIR "/10.conf", DIR "/90.conf", NEW },
			{ MOVE, DIR "/90.conf", DIR "/10.conf", OLD } } },
	{ .name = "a drop-in moves down a layer",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ "R/virturi.conf.d", NULL }, { DROPIN, RULE(OLD) } },
		.steps = { { MOVE, DROPIN, "R/virturi.conf.d/50-site.conf",
				   OLD },
			{ MOVE, "R/virturi.conf.d/50-site.conf", DROPIN,
				OLD } } },
	{ .name = "the main files of two layers are exchanged",
		.things = { { MAIN, RULE(OLD) },
			{ "R/virturi.conf", RULE(NEW) } },
		.steps = { { SWAP, MAIN, "R/virturi.conf", NEW },
			{ SWAP, MAIN, "R/virturi.conf", OLD } } },
	{ .name = "a main file moves down a layer",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, RULE(OLD) } },
		.steps = { { MOVE, MAIN, "R/virturi.conf", OLD },
			{ MOVE, "R/virturi.conf", MAIN, OLD } } },
	{ .name = "a main file goes to a lower layer and another comes",
		.things = { { MAIN, RULE(OLD) },
			{ "V/virturi.conf", RULE(BENEATH) } },
		.steps = { { PUT, "R/virturi.conf", RULE(NEW), OLD },
			{ REMOVE, MAIN, NULL, NEW },
			{ PUT, MAIN, RULE(OLD), OLD },
			{ REMOVE, "R/virturi.conf", NULL, OLD } } },
	{ .name = "many files are renamed over in turn",
		.things = { { DIR, NULL }, { "V/virturi.conf", RULE(OLD) },
			{ FILE_N(1), PASSED_OVER }, { FILE_N(2), PASSED_OVER },
			{ FILE_N(3), PASSED_OVER }, { FILE_N(4), PASSED_OVER },
			{ FILE_N(5), PASSED_OVER }, { FILE_N(6), PASSED_OVER },
			{ FILE_N(7), PASSED_OVER },
			{ FILE_N(8), PASSED_OVER } },
		.steps = { UP(1), UP(2), UP(3), UP(4), UP(5), UP(6), UP(7),
			UP(8), DOWN(8, URI_N(7)), DOWN(7, URI_N(6)),
			DOWN(6, URI_N(5)), DOWN(5, URI_N(4)), DOWN(4, URI_N(3)),
			DOWN(3, URI_N(2)), DOWN(2, URI_N(1)), DOWN(1, OLD) } },
	{ .name = "file, link, FIFO, directory, and back",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, RULE(OLD) }, { "S/target", RULE(NEW) },
			{ "S/1", "-> S/target" }, { "S/2", "|" },
			{ "S/3", NULL }, { "S/4", "-> S/nowhere" } },
		.steps = { { SWAP, MAIN, "S/1", NEW },
			{ SWAP, MAIN, "S/2", NULL },
			{ SWAP, MAIN, "S/3", NULL },
			{ SWAP, MAIN, "S/4", NULL },
			{ SWAP, MAIN, "S/4", NULL },
			{ SWAP, MAIN, "S/3", NULL }, { SWAP, MAIN, "S/2", NEW },
			{ SWAP, MAIN, "S/1", OLD } } },
	{ .name = "a file and a mask",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DROPIN, RULE(NEW) }, { "V/virturi.conf.d", NULL },
			{ "V/virturi.conf.d/50-site.conf", RULE(MIX) } },
		.steps = { { PUT, DROPIN, "", BENEATH },
			{ PUT, DROPIN, RULE(NEW), NEW } } },
	{ .name = "a file may be written by its group",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, RULE(OLD) } },
		.steps = { { SET_GROUP_WRITE, MAIN, NULL, NULL },
			{ CLEAR_GROUP_WRITE, MAIN, NULL, OLD } } },
	{ .name = "a directory may be written by its group",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DROPIN, RULE(OLD) } },
		.steps = { { SET_GROUP_WRITE, DIR, NULL, NULL },
			{ CLEAR_GROUP_WRITE, DIR, NULL, OLD } } },

	/* not at once */
	{ .name = "a main file is emptied and written",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, RULE(OLD) } },
		.steps = { { EMPTY, MAIN, NULL, NULL },
			{ FILL, MAIN, RULE(NEW), NEW },
			{ EMPTY, MAIN, NULL, NULL },
			{ FILL, MAIN, RULE(OLD), OLD } },
		.in_place = true },
	{ .name = "a drop-in is emptied and written",
		.things = { { "V/virturi.conf", RULE(BENEATH) }, { DIR, NULL },
			{ DROPIN, RULE(OLD) } },
		.steps = { { EMPTY, DROPIN, NULL, BENEATH },
			{ FILL, DROPIN, RULE(NEW), NEW },
			{ EMPTY, DROPIN, NULL, BENEATH },
			{ FILL, DROPIN, RULE(OLD), OLD } },
		.in_place = true },
	{ .name = "a file is overwritten by one of the same size",
		.things = { { MAIN, OLD_LONG } },
		.steps = { { FILL, MAIN, NEW_LONG, NEW },
			{ FILL, MAIN, OLD_LONG, OLD } },
		.in_place = true },
	{ .name = "a file is unlinked and written anew",
		.things = { { "V/virturi.conf", RULE(BENEATH) },
			{ MAIN, RULE(OLD) } },
		.steps = { { REMOVE, MAIN, NULL, BENEATH },
			{ CREATE, MAIN, NULL, NULL },
			{ FILL, MAIN, RULE(NEW), NEW },
			{ REMOVE, MAIN, NULL, BENEATH },
			{ PUT, MAIN, RULE(OLD), OLD } },
		.in_place = true },

	/* a file of its own */
	{ .name = "policy=: it is renamed over",
		.things = { { MAIN, RULE(OLD) } },
		.steps = { { PUT, MAIN, RULE(NEW), NEW },
			{ PUT, MAIN, RULE(OLD), OLD } },
		.policy = MAIN },
	{ .name = "policy=: its directory is exchanged",
		.things = { { "A/own", NULL }, { "A/own/policy", RULE(OLD) },
			{ "A/new", NULL }, { "A/new/policy", RULE(NEW) } },
		.steps = { { SWAP, "A/own", "A/new", NEW },
			{ SWAP, "A/own", "A/new", OLD } },
		.policy = "A/own/policy" },
	{ .name = "policy=: a directory above may be written by its group",
		.things = { { "A/above", NULL }, { "A/above/own", NULL },
			{ "A/above/own/policy", RULE(OLD) } },
		.steps = { { SET_GROUP_WRITE, "A/above", NULL, NULL },
			{ CLEAR_GROUP_WRITE, "A/above", NULL, OLD } },
		.policy = "A/above/own/policy" },
	{ .name = "policy=: a directory above becomes a link",
		.things = { { "A/above", NULL }, { "A/above/own", NULL },
			{ "A/above/own/policy", RULE(OLD) }, { "A/new", NULL },
			{ "A/new/own", NULL },
			{ "A/new/own/policy", RULE(NEW) },
			{ "A/link", "-> A/new" } },
		.steps = { { SWAP, "A/above", "A/link", NEW },
			{ SWAP, "A/above", "A/link", OLD } },
		.policy = "A/above/own/policy" },
	{ .name = "policy=: file, link, FIFO, directory, and back",
		.things = { { MAIN, RULE(OLD) }, { "A/target", RULE(NEW) },
			{ "S/1", "-> A/target" }, { "S/2", "|" },
			{ "S/3", NULL } },
		.steps = { { SWAP, MAIN, "S/1", NEW },
			{ SWAP, MAIN, "S/2", NULL },
			{ SWAP, MAIN, "S/3", NULL },
			{ SWAP, MAIN, "S/3", NULL }, { SWAP, MAIN, "S/2", NEW },
			{ SWAP, MAIN, "S/1", OLD } },
		.policy = MAIN },
	{ .name = "policy=: it is emptied and written",
		.things = { { MAIN, RULE(OLD) } },
		.steps = { { EMPTY, MAIN, NULL, NULL },
			{ FILL, MAIN, RULE(NEW), NEW },
			{ EMPTY, MAIN, NULL, NULL },
			{ FILL, MAIN, RULE(OLD), OLD } },
		.policy = MAIN,
		.in_place = true },
	{ .name = "policy=: it is unlinked and put back",
		.things = { { MAIN, RULE(OLD) } },
		.steps = { { REMOVE, MAIN, NULL, NULL },
			{ PUT, MAIN, RULE(NEW), NEW },
			{ REMOVE, MAIN, NULL, NULL },
			{ PUT, MAIN, RULE(OLD), OLD } },
		.policy = MAIN },
};

const size_t race_row_count = countof(race_rows);
