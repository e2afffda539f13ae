/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfgfile - one text in libconfuse syntax, checked against a list of keys; the only door to
 * libconfuse.
 *
 * Touches memory only. Every text goes through the screen first, and what libconfuse gets is the
 * screen's plain copy of it, with exactly those options declared that the screen has found: so
 * nothing is unknown to it, and little is set up for a small text. A text that libconfuse refuses
 * nevertheless is given up as a whole.
 *
 * libconfuse's reader is one per process and keeps its state between parses until a root cfg_t is
 * freed. A lock makes parsing safe from any thread, and a failed parse frees its root before the
 * lock is given back.
 */
#include "cfgfile.h"

#include "cleanup.h"
#include "complaint.h"
#include "escape.h"
#include "screen.h"
#include "xalloc.h"

#include <assert.h>
#include <confuse.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX_BYTES_HERE (256 * 1024) /* as record.h */
#define REASON_SIZE 256

struct cfgfile {
	cfg_t *cfg;		  /* freed with the root only */
	const cfg_opt_t *kind;	  /* of a section: the option of the root that it is one of */
	int line;		  /* of a section: where its name stands */
	int *lines;		  /* of each option of cfg, in its order */
	struct cfgfile *sections; /* of the root: all, in the order of the text */
	size_t count;
};

/* -- libconfuse -------------------------------------------------------------------------------- */

static atomic_flag reader_in_use = ATOMIC_FLAG_INIT;
static char reason[REASON_SIZE]; /* guarded by it, as is the next */
static int reason_line;

/* Held for some microseconds, hardly ever wanted by two: a lock that sleeps would need the thread
 * library for nothing. */
static void lock_reader(void)
{
	while (atomic_flag_test_and_set(&reader_in_use))
		sched_yield();
}

static void unlock_reader(void)
{
	atomic_flag_clear(&reader_in_use);
}

static void keep_reason(cfg_t *cfg, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void keep_reason(cfg_t *cfg, const char *format, va_list ap)
{
	if (*reason)
		return; /* the first one says most */
	vsnprintf(reason, sizeof(reason), format, ap);
	reason_line = cfg ? cfg->line : 0;
}

static size_t key_count(const struct cfgfile_key *keys)
{
	size_t n = 0;

	while (keys[n].name)
		n++;
	return n;
}

/* The option of the key in opts (room for all and a closing one), added if it is new. */
static cfg_opt_t *option(cfg_opt_t *opts, const struct cfgfile_key *key)
{
	cfg_opt_t *o = opts;

	while (o->name && o->name != key->name)
		o++;
	if (o->name)
		return o;
	if (key->kind == CFGFILE_WORD)
		*o = (cfg_opt_t)CFG_STR(key->name, NULL, CFGF_NODEFAULT);
	else if (key->kind == CFGFILE_LIST)
		*o = (cfg_opt_t)CFG_STR_LIST(key->name, NULL, CFGF_NODEFAULT);
	else
		*o = (cfg_opt_t)CFG_SEC(key->name, xcalloc(key_count(key->keys) + 1, sizeof(*opts)),
					key->kind == CFGFILE_SECTION
						? CFGF_MULTI
						: CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	return o;
}

/* The options for exactly those keys that the screen has found. */
static cfg_opt_t *options(const struct screened *found, const struct cfgfile_key *keys)
{
	cfg_opt_t *opts = xcalloc(key_count(keys) + 1, sizeof(*opts)), *section = NULL;

	for (size_t i = 0; i < found->count; i++) {
		const struct screen_mark *m = &found->marks[i];

		assert(section || !m->inside);
		if (m->inside)
			option(section->subopts, m->key);
		else
			section = option(opts, m->key);
	}
	return opts;
}

static void free_options(cfg_opt_t *opts)
{
	for (cfg_opt_t *o = opts; o->name; o++)
		free(o->subopts);
	free(opts);
}

static int refuse(const char *file, const char *why, int line, struct complaint *c)
{
	_cleanup_free_ char *text = escape_text(why, ESCAPE_TEXT);

	if (strstr(why, "title"))
		return complain(c, file, line, xasprintf("two sections of one name (%s)", text),
				xstrdup("a name of its own for each section"),
				xstrdup("remove or rename one of the two"));
	return complain(c, file, line, xasprintf("something that cannot be read (%s)", text),
			xstrdup("lines like  key = value"), xstrdup("write the line anew"));
}

/* NULL with c filled if libconfuse does not like the text. */
static cfg_t *parse(const char *file, const struct screened *found, const struct cfgfile_key *keys,
		    struct complaint *c)
{
	cfg_opt_t *opts = options(found, keys);
	char why[REASON_SIZE] = "";
	int line = 0;
	cfg_t *cfg;

	lock_reader();
	*reason = '\0';
	cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg)
		abort(); /* out of memory, as in xalloc */
	cfg_set_error_function(cfg, keep_reason);
	if (cfg_parse_buf(cfg, found->text) != CFG_SUCCESS) {
		memcpy(why, reason, sizeof(why));
		line = reason_line;
		cfg_free(cfg);
		cfg = NULL;
	}
	unlock_reader();
	free_options(opts);
	if (!cfg)
		refuse(file, why, line, c);
	return cfg;
}

/* -- the tree ---------------------------------------------------------------------------------- */

static size_t option_index(const cfg_t *cfg, const char *key)
{
	size_t i = 0;

	while (cfg->opts[i].name && strcmp(cfg->opts[i].name, key) != 0)
		i++;
	return i;
}

static void begin(struct cfgfile *f, cfg_t *cfg)
{
	size_t n = 0;

	while (cfg->opts[n].name)
		n++;
	f->cfg = cfg;
	f->lines = xcalloc(n, sizeof(*f->lines));
}

/* Pairs the screen's marks, which know the lines, with libconfuse's options and sections, which
 * know the values. */
static struct cfgfile *pair(cfg_t *cfg, const struct screened *found)
{
	struct cfgfile *f = xcalloc(1, sizeof(*f)), *at = f;
	size_t sections = 0;

	begin(f, cfg);
	for (size_t i = 0; i < found->count; i++)
		sections += found->marks[i].key->kind >= CFGFILE_SECTION;
	f->sections = xcalloc(sections, sizeof(*f->sections));
	for (size_t i = 0; i < found->count; i++) {
		const struct screen_mark *m = &found->marks[i];
		size_t index, before = 0;

		at = m->inside ? at : f;
		index = option_index(at->cfg, m->key->name);
		if (!at->lines[index])
			at->lines[index] = m->line;
		if (m->key->kind < CFGFILE_SECTION)
			continue;
		for (size_t j = 0; j < f->count; j++)
			before += f->sections[j].kind == &cfg->opts[index];
		at = &f->sections[f->count++];
		at->kind = &cfg->opts[index];
		at->line = m->line;
		begin(at, cfg->opts[index].values[before]->section);
	}
	return f;
}

static int check_size(const char *file, size_t len, enum cfgfile_source source, struct complaint *c)
{
	size_t most = source == CFGFILE_PERSON ? CFGFILE_MAX_BYTES : RECORD_MAX_BYTES_HERE;

	if (len <= most)
		return 0;
	return complain(c, file, 0, xasprintf("a file of %zu bytes", len),
			xasprintf("at most %zu bytes", most),
			xstrdup("is this the right file? put long data into files of their own"));
}

struct cfgfile *cfgfile_parse(const char *file, const char *text, size_t len,
			      const struct cfgfile_key *keys, enum cfgfile_source source,
			      struct complaint *c)
{
	struct screened found;
	struct cfgfile *f = NULL;
	cfg_t *cfg;

	if (check_size(file, len, source, c) ||
	    screen_read(file, text, len, keys, source, &found, c))
		return NULL;
	cfg = parse(file, &found, keys, c);
	if (cfg)
		f = pair(cfg, &found);
	screen_free(&found);
	return f;
}

void cfgfile_free(struct cfgfile *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->sections[i].lines);
	free(f->sections);
	free(f->lines);
	lock_reader();
	cfg_free(f->cfg);
	unlock_reader();
	free(f);
}

/* -- reading ----------------------------------------------------------------------------------- */

static cfg_opt_t *find(const struct cfgfile *f, const char *key)
{
	cfg_opt_t *o = &f->cfg->opts[option_index(f->cfg, key)];

	return o->name ? o : NULL;
}

int cfgfile_line(const struct cfgfile *f, const char *key)
{
	cfg_opt_t *o = find(f, key);

	return o ? f->lines[o - f->cfg->opts] : 0;
}

bool cfgfile_has(const struct cfgfile *f, const char *key)
{
	return cfgfile_line(f, key) > 0;
}

const char *cfgfile_word(const struct cfgfile *f, const char *key)
{
	return cfgfile_item(f, key, 0);
}

size_t cfgfile_count(const struct cfgfile *f, const char *key)
{
	cfg_opt_t *o = cfgfile_has(f, key) ? find(f, key) : NULL;

	return o && o->type == CFGT_STR ? o->nvalues : 0;
}

const char *cfgfile_item(const struct cfgfile *f, const char *key, size_t i)
{
	return i < cfgfile_count(f, key) ? find(f, key)->values[i]->string : NULL;
}

size_t cfgfile_sections(const struct cfgfile *f, const char *key)
{
	cfg_opt_t *o = find(f, key);

	return o && o->type == CFGT_SEC ? o->nvalues : 0;
}

const struct cfgfile *cfgfile_section(const struct cfgfile *f, const char *key, size_t i)
{
	const cfg_opt_t *o = find(f, key);

	for (size_t j = 0; o && j < f->count; j++)
		if (f->sections[j].kind == o && i-- == 0)
			return &f->sections[j];
	return NULL;
}

const char *cfgfile_title(const struct cfgfile *section)
{
	return section->cfg->title;
}

int cfgfile_start(const struct cfgfile *section)
{
	return section->line;
}

/* -- writing ----------------------------------------------------------------------------------- */

/* escape_text knows what is harmful and writes \\ and \xNN, as the reader of records wants it; a
 * quote and what would look like a variable are left to do. */
static void write_quoted(FILE *out, const char *value)
{
	_cleanup_free_ char *text = escape_text(value, ESCAPE_TEXT);

	fputc('"', out);
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			fputs("\\\"", out);
		else if (*p == '$' && p[1] == '{')
			fputs("\\x24", out);
		else
			fputc(*p, out);
	}
	fputc('"', out);
}

void cfgfile_write_word(FILE *out, const char *indent, const char *key, const char *value)
{
	fprintf(out, "%s%s = ", indent, key);
	write_quoted(out, value);
	fputc('\n', out);
}

void cfgfile_write_list(FILE *out, const char *indent, const char *key, char *const *items,
			size_t count)
{
	fprintf(out, "%s%s = {", indent, key);
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputs(", ", out);
		write_quoted(out, items[i]);
	}
	fputs("}\n", out);
}
