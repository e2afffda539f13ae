/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_appfile - any bytes as app.conf: an application or a whole complaint. Touches nothing.
 */
#include "appfile.h"
#include "complaint.h"
#include "value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_complaint(struct complaint *c)
{
	char *line = complaint_line(c);

	assert(complaint_any(c) && c->line >= 0);
	assert(*c->found && *c->expected && *c->remedy);
	assert(!strchr(line, '\n'));
	/* The screen must be as strict as libconfuse: what passes it is never refused behind it. */
	assert(strncmp(c->found, "something that cannot be read", 29));
	free(line);
}

static void check_app(const struct appfile *app)
{
	assert(app->summary && !strcmp(app->app, "octave") && !strcmp(app->version, "7"));
	assert(!app->interpreter == (app->program_count > 0));
	for (size_t i = 0; i < app->program_count; i++) {
		assert(strchr(app->programs[i].platform, '-'));
		assert(value_is_inside(app->programs[i].path));
	}
	for (size_t i = 0; i < app->extensions.count; i++)
		assert(*app->extensions.items[i] == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint c = { 0 };
	struct appfile app;

	if (appfile_parse("app.conf", "octave", "7", (const char *)data, size, &app, &c))
		check_complaint(&c);
	else
		check_app(&app);
	appfile_free(&app);
	complaint_free(&c);
	return 0;
}
