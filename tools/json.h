/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - writes one JSON document, nested as it likes, for what is no table (show, check).
 *
 * Texts go through escape_text as everywhere, so the output is valid UTF-8 whatever a name holds. A
 * key is NULL inside arrays.
 */
#ifndef SPOOL_JSON_H
#define SPOOL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	unsigned depth;
	bool first; /* nothing stands in the innermost bracket yet */
};

void json_begin(struct json *j, FILE *out); /* opens the outermost object */
void json_finish(struct json *j);	    /* closes it */
void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);
void json_text(struct json *j, const char *key, const char *text); /* raw bytes; NULL: null */
void json_escaped(struct json *j, const char *key,
		  const char *text); /* escape_text has been there already */
void json_number(struct json *j, const char *key, int64_t value);
void json_known_number(struct json *j, const char *key, int64_t value,
		       bool known);				  /* null unless known */
void json_duration(struct json *j, const char *key, int64_t ms);  /* as seconds; negative: null */
void json_time(struct json *j, const char *key, int64_t wall_ms); /* ISO 8601 UTC; 0: null */
void json_bool(struct json *j, const char *key, bool value);

#endif
