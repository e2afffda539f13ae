/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalogue - all applications of the share: for each folder apps/<app> the version that its text
 * file "current" names.
 *
 * Reads apps/ and writes nothing. A catalogue is always whole: the new one is built beside the old
 * one, which is given up only when apps/ could be listed. One application that cannot be read is
 * left out with one sentence saying why, and takes none of the others with it; unless that is the
 * network's fault, which will be over: then the old catalogue stays.
 */
#include "appfile.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "human.h"
#include "safefs.h"
#include "token.h"
#include "value.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define APPS "apps"
#define CURRENT_MAX \
	4096 /* bytes of a file "current": one short word, and room for a comment below it */

/* -- one application --------------------------------------------------------------------------- */

/* What an error of safefs_read means to a person. */
static const char *why_unread(int r)
{
	switch (r) {
	case -ENOENT:
		return "it is not there";
	case -EFBIG:
		return "it is too large";
	case -ELOOP:
		return "it is a symbolic link; put the file itself there";
	case -EINVAL:
		return "it is not a file";
	default:
		return strerror(-r);
	}
}

/* Reads apps/<name>/<version>/app.conf. 0 with *app filled, COMPLAINT, or negative errno: trouble.
 */
static int read_app(int root_fd, const char *name, const char *version, struct appfile *app,
		    struct complaint *c)
{
	_cleanup_free_ char *path = xasprintf(APPS "/%s/%s/app.conf", name, version), *text = NULL;
	size_t len;
	int r = safefs_read(root_fd, path, CFGFILE_MAX_BYTES, &text, &len, NULL);

	if (safefs_is_passing(r))
		return r;
	if (r)
		return complain(c, path, 0,
				xasprintf("a file that cannot be read: %s", why_unread(r)),
				xstrdup("the description of the application"),
				xstrdup("tell the person who installed the application"));
	return appfile_parse(path, name, version, text, len, app, c);
}

/* The first word of apps/<name>/current, heap. 0; COMPLAINT with *ret_why a heap sentence; negative
 * errno: trouble. */
static int read_current(int root_fd, const char *name, char **ret_version, char **ret_why)
{
	_cleanup_free_ char *path = xasprintf(APPS "/%s/current", name), *text = NULL;
	const char *word;
	size_t len;
	int r = safefs_read(root_fd, path, CURRENT_MAX, &text, &len, NULL);

	if (safefs_is_passing(r))
		return r;
	if (r) {
		*ret_why = xasprintf("%s: cannot be read: %s", path, why_unread(r));
		return COMPLAINT;
	}
	word = text + strspn(text, " \t\r\n");
	len = strcspn(word, " \t\r\n");
	if (!value_is_name(word, len)) {
		*ret_why = xasprintf("%s: should hold the name of a version, as 1", path);
		return COMPLAINT;
	}
	*ret_version = xstrndup(word, len);
	return 0;
}

/* -- all of them ------------------------------------------------------------------------------- */

struct loading {
	int root_fd;
	struct catalogue *cat;
};

/* 0, or negative errno: trouble. */
static int add_app(struct loading *l, const char *name)
{
	_cleanup_free_ char *why = NULL, *version = NULL;
	struct complaint c = { 0 };
	struct appfile app;
	int r = read_current(l->root_fd, name, &version, &why);

	if (r == 0) {
		r = read_app(l->root_fd, name, version, &app, &c);
		if (r > 0)
			why = complaint_line(&c);
	}
	if (r > 0) {
		strlist_add(&l->cat->faults, why);
	} else if (r == 0) {
		l->cat->apps = xrealloc(l->cat->apps, l->cat->count + 1, sizeof(*l->cat->apps));
		l->cat->apps[l->cat->count++] = app;
	}
	complaint_free(&c);
	return r < 0 ? r : 0;
}

static int look_at(const char *name, unsigned char type, void *arg)
{
	struct loading *l = arg;
	_cleanup_free_ char *path = NULL, *shown = NULL;
	int fd;

	if (*name == '.' || (type != DT_DIR && type != DT_LNK && type != DT_UNKNOWN))
		return 0;
	path = xasprintf(APPS "/%s", name);
	fd = safefs_open(l->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOTDIR)
		return 0; /* a README, for example */
	if (safefs_is_passing(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	if (value_is_name(name, strlen(name)))
		return add_app(l, name);
	shown = escape_text(name, ESCAPE_TEXT);
	free(path);
	path = xasprintf(
		APPS
		"/%s: is no name for an application; letters, digits and . _ + - are allowed in it",
		shown);
	strlist_add(&l->cat->faults, path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct appfile *)a)->app, ((const struct appfile *)b)->app);
}

int catalogue_load(int root_fd, struct catalogue *cat)
{
	struct catalogue fresh = { 0 };
	struct loading l = { root_fd, &fresh };
	int r = safefs_list(root_fd, APPS, look_at, &l);

	if (r < 0) {
		catalogue_free(&fresh);
		return r;
	}
	if (fresh.count)
		qsort(fresh.apps, fresh.count, sizeof(*fresh.apps), by_name);
	catalogue_free(cat);
	*cat = fresh;
	return 0;
}

void catalogue_free(struct catalogue *cat)
{
	for (size_t i = 0; i < cat->count; i++)
		appfile_free(&cat->apps[i]);
	free(cat->apps);
	strlist_free(&cat->faults);
	*cat = (struct catalogue){ 0 };
}

/* -- finding ----------------------------------------------------------------------------------- */

const struct appfile *catalogue_find(const struct catalogue *cat, const char *name)
{
	struct appfile key = { 0 };
	_cleanup_free_ char *copy = xstrdup(name);

	key.app = copy;
	return cat->count ? bsearch(&key, cat->apps, cat->count, sizeof(*cat->apps), by_name)
			  : NULL;
}

/* "octave, python3 and sh" would be nicer; a plain list survives translation into a table. */
static char *names_of(const struct catalogue *cat)
{
	char *text = xstrdup(cat->count ? "one of"
					: "an application (none is installed on this share)");

	for (size_t i = 0; i < cat->count; i++) {
		char *longer = xasprintf("%s%s %s", text, i ? "," : "", cat->apps[i].app);

		free(text);
		text = longer;
	}
	return text;
}

static const struct appfile *refuse_unknown(const struct catalogue *cat, const char *name,
					    const char *file, int line, struct complaint *c)
{
	_cleanup_free_ const char **names = xcalloc(cat->count + 1, sizeof(*names));
	_cleanup_free_ char *shown = token_show(name, strlen(name)),
			    *prefix = xasprintf(APPS "/%s/", name);
	const char *near;

	for (size_t i = 0; i < cat->faults.count; i++)
		if (!strncmp(cat->faults.items[i], prefix, strlen(prefix))) {
			complain(c, file, line,
				 xasprintf("the application %s, which is installed but faulty",
					   shown),
				 xstrdup("an application that can be read"),
				 xasprintf("tell the person who installed it: %s",
					   cat->faults.items[i]));
			return NULL;
		}
	for (size_t i = 0; i < cat->count; i++)
		names[i] = cat->apps[i].app;
	near = human_nearest(name, names);
	complain(c, file, line, xasprintf("unknown application %s", shown), names_of(cat),
		 near ? xasprintf("did you mean \"%s\"?", near)
		      : xstrdup("\"spoolctl apps\" says what each of them does"));
	return NULL;
}

const struct appfile *catalogue_resolve(int root_fd, const struct catalogue *cat, const char *spec,
					const char *file, int line, struct appfile *other,
					struct complaint *c)
{
	size_t len = strcspn(spec, "/");
	_cleanup_free_ char *name = xstrndup(spec, len);
	const char *version = spec[len] ? spec + len + 1 : NULL;
	const struct appfile *app = catalogue_find(cat, name);
	_cleanup_free_ char *path = NULL;
	int fd, r;

	*other = (struct appfile){ 0 };
	if (app && (!version || !strcmp(version, app->version)))
		return app;
	if (!version || !value_is_name(name, len) || !value_is_name(version, strlen(version)))
		return refuse_unknown(cat, name, file, line, c);
	path = xasprintf(APPS "/%s/%s", name, version);
	fd = safefs_open(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
	if (safefs_is_passing(fd)) {
		errno = -fd;
		return NULL;
	}
	if (fd < 0 && !app)
		return refuse_unknown(cat, name, file, line, c);
	if (fd < 0) {
		complain(c, file, line,
			 xasprintf("the application \"%s\" in version \"%s\"", name, version),
			 xasprintf("a version that is installed; the current one is %s",
				   app->version),
			 xasprintf("write app = \"%s\" for the current version", name));
		return NULL;
	}
	close(fd);
	r = read_app(root_fd, name, version, other, c);
	if (r < 0)
		errno = -r;
	return r ? NULL : other;
}

unsigned catalogue_by_extension(const struct catalogue *cat, const char *filename,
				const struct appfile **ret_a, const struct appfile **ret_b)
{
	size_t len = strlen(filename);
	unsigned count = 0;

	for (size_t i = 0; i < cat->count; i++) {
		const struct strlist *ends = &cat->apps[i].extensions;

		for (size_t j = 0; j < ends->count; j++) {
			size_t end = strlen(ends->items[j]);

			if (len <= end || strcasecmp(filename + len - end, ends->items[j]) != 0)
				continue;
			if (count < 2)
				*(count ? ret_b : ret_a) = &cat->apps[i];
			count++;
			break;
		}
	}
	return count;
}
