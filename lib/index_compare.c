/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index_compare - are two indexes the same folds of the log?
 *
 * Touches both for reading. Tables with a key are walked side by side in the order of the key, so
 * that a row that one lacks is one difference, whatever comes behind it; the events are compared
 * one by one, and given up after some differences, since one missing line shifts all the others.
 */
#include "cleanup.h"
#include "escape.h"
#include "index.h"
#include "index_schema.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHIFTED_MOST 20 /* differences of a table without a key that are worth telling */

struct walk {
	const struct index_fold *fold;
	FILE *out;
	sqlite3_stmt *a, *b;
	int code_a, code_b; /* SQLITE_ROW: at a row */
	int64_t row, found; /* rows passed, differences told */
};

static int compare_values(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int type_a = sqlite3_column_type(a, column), type_b = sqlite3_column_type(b, column);
	sqlite3_int64 x, y;
	int len_a, len_b, order;

	if (type_a != type_b)
		return type_a < type_b ? -1 : 1;
	if (type_a == SQLITE_NULL)
		return 0;
	if (type_a == SQLITE_INTEGER) {
		x = sqlite3_column_int64(a, column);
		y = sqlite3_column_int64(b, column);
		return (x > y) - (x < y);
	}
	/* Texts; sqlite's own order is that of the bytes. */
	len_a = sqlite3_column_bytes(a, column);
	len_b = sqlite3_column_bytes(b, column);
	if (len_a == 0 || len_b == 0)
		return len_a - len_b;
	order = memcmp(sqlite3_column_blob(a, column), sqlite3_column_blob(b, column),
		       (size_t)(len_a < len_b ? len_a : len_b));
	return order ? order : len_a - len_b;
}

/* A value as people read it; heap. */
static char *show(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return escape_text(text ? (const char *)text : "nothing", ESCAPE_TEXT);
}

/* "job_queue id=12: " */
static void tell_where(struct walk *w, sqlite3_stmt *st)
{
	fprintf(w->out, "%s", w->fold->name);
	if (w->fold->keys == 0)
		fprintf(w->out, " line %" PRId64, w->row);
	for (int i = 0; i < w->fold->keys; i++) {
		_cleanup_free_ char *value = show(st, i);

		fprintf(w->out, " %s=%s", sqlite3_column_name(st, i), value);
	}
	fputs(": ", w->out);
	w->found++;
}

static void compare_rows(struct walk *w)
{
	for (int i = w->fold->keys; i < sqlite3_column_count(w->a); i++) {
		_cleanup_free_ char *first = NULL, *second = NULL;

		if (compare_values(w->a, w->b, i) == 0)
			continue;
		first = show(w->a, i);
		second = show(w->b, i);
		tell_where(w, w->a);
		fprintf(w->out, "%s is %s in the first and %s in the second\n",
			sqlite3_column_name(w->a, i), first, second);
	}
}

/* Below 0: a stands at a row that b lacks; above: the other way round; 0: both at the same row. */
static int compare_keys(const struct walk *w)
{
	if (w->code_a != SQLITE_ROW || w->code_b != SQLITE_ROW)
		return w->code_a == SQLITE_ROW ? -1 : 1;
	for (int i = 0; i < w->fold->keys; i++) {
		int order = compare_values(w->a, w->b, i);

		if (order)
			return order;
	}
	return 0;
}

static void walk_both(struct walk *w)
{
	while (w->code_a == SQLITE_ROW || w->code_b == SQLITE_ROW) {
		int order = compare_keys(w);

		w->row++;
		if (order == 0) {
			compare_rows(w);
		} else {
			tell_where(w, order < 0 ? w->a : w->b);
			fprintf(w->out, "only in the %s\n", order < 0 ? "first" : "second");
		}
		if (w->fold->keys == 0 && w->found >= SHIFTED_MOST) {
			fprintf(w->out, "%s: no further comparison\n", w->fold->name);
			break;
		}
		if (order <= 0)
			w->code_a = sqlite3_step(w->a);
		if (order >= 0)
			w->code_b = sqlite3_step(w->b);
	}
}

static int at_end(struct index *ix, int code)
{
	return code == SQLITE_ROW ? 0 : index_schema_errno(ix->db, code);
}

static int64_t compare_table(struct index *a, struct index *b, const struct index_fold *fold,
			     FILE *out)
{
	struct walk w = { .fold = fold, .out = out };
	int result;

	w.code_a = sqlite3_prepare_v2(a->db, fold->select, -1, &w.a, NULL);
	w.code_b = sqlite3_prepare_v2(b->db, fold->select, -1, &w.b, NULL);
	if (w.code_a == SQLITE_OK)
		w.code_a = sqlite3_step(w.a);
	if (w.code_b == SQLITE_OK)
		w.code_b = sqlite3_step(w.b);
	result = at_end(a, w.code_a);
	if (result == 0)
		result = at_end(b, w.code_b);
	if (result == 0) {
		walk_both(&w);
		result = at_end(a, w.code_a);
	}
	if (result == 0)
		result = at_end(b, w.code_b);
	sqlite3_finalize(w.a);
	sqlite3_finalize(w.b);
	return result < 0 ? result : w.found;
}

int64_t index_compare(struct index *a, struct index *b, FILE *out)
{
	int64_t found = 0;

	for (const struct index_fold *fold = index_folds; fold->name; fold++) {
		int64_t result = compare_table(a, b, fold, out);

		if (result < 0)
			return result;
		found += result;
	}
	return found;
}
