/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * escape - the one function between a user's bytes and a terminal, a log, a table or a page.
 *
 * Touches nothing. The text is walked once; each valid UTF-8 character that is harmless is
 * copied as it is, every other byte becomes \xNN, so that the inverse gives back exactly the
 * bytes that came in, valid UTF-8 or not.
 */
#include "escape.h"
#include "xalloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/*
 * The length in bytes of the UTF-8 character at s and its code point; 0 if there is none
 * (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF). s ends
 * with a zero, which is no continuation byte.
 */
static size_t decode(const unsigned char *s, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t len;

	if (s[0] < 0x80) {
		*ret_point = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	point = s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return len;
}

/* Could this character move a cursor, end a line or reorder text? */
static bool harmful(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) ||	/* C0, DEL, C1 */
	       point == 0x061c || point == 0x200e || point == 0x200f || /* direction marks */
	       (point >= 0x202a && point <= 0x202e) ||			/* embeddings, overrides */
	       (point >= 0x2066 && point <= 0x2069) ||			/* isolates */
	       point == 0x2028 || point == 0x2029 || point == 0xfeff;
}

static char *put_byte(char *out, unsigned char byte)
{
	*out++ = '\\';
	*out++ = 'x';
	*out++ = hex_digits[byte >> 4];
	*out++ = hex_digits[byte & 15];
	return out;
}

char *escape_text(const char *s, enum escape_style style)
{
	const unsigned char *in = (const unsigned char *)s;
	char *text, *out;
	uint32_t point;

	if (style == ESCAPE_FIELD && !*s)
		return xstrdup("-");
	if (style == ESCAPE_FIELD && strcmp(s, "-") == 0)
		return xstrdup("\\x2d");
	out = text = xrealloc(NULL, strlen(s) + 1, 4);
	while (*in) {
		size_t len = decode(in, &point);

		if (len == 1 && *in == '\\') {
			*out++ = '\\';
			*out++ = '\\';
			in++;
		} else if (!len || (style == ESCAPE_FIELD && (point == ' ' || point == '='))) {
			out = put_byte(out, *in++);
		} else if (harmful(point)) {
			while (len--)
				out = put_byte(out, *in++);
		} else {
			while (len--)
				*out++ = (char)*in++;
		}
	}
	*out = '\0';
	return text;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool unescape_in_place(char *text)
{
	char *out = text;

	if (strcmp(text, "-") == 0)
		*text = '\0';
	while (*text) {
		int high, low;

		if (*text != '\\') {
			*out++ = *text++;
		} else if (text[1] == '\\') {
			*out++ = '\\';
			text += 2;
		} else if (text[1] == 'x' && (high = hex_value(text[2])) >= 0 &&
			   (low = hex_value(text[3])) >= 0 && (high | low) != 0) {
			*out++ = (char)(high << 4 | low);
			text += 4;
		} else {
			return false;
		}
	}
	*out = '\0';
	return true;
}

char *unescape_text(const char *text)
{
	char *s = xstrdup(text);

	if (unescape_in_place(s))
		return s;
	free(s);
	return NULL;
}
