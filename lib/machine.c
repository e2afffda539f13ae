/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine - which host this is. Read once.
 */
#include "machine.h"

#include "cleanup.h"
#include "digest.h"
#include "safefs.h"

#include <fcntl.h>
#include <string.h>

#define ID_HEX 32

const char *machine_name(void)
{
	static char name[256];

	if (!*name && (gethostname(name, sizeof(name) - 1) < 0 || !*name))
		snprintf(name, sizeof(name), "host");
	name[strcspn(name, ".\"\\")] = '\0';
	return name;
}

const char *machine_id(void)
{
	static char id[DIGEST_HEX_SIZE];
	_cleanup_close_ int etc = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (*id)
		return id;
	if (etc >= 0 && safefs_read(etc, "machine-id", 128, &text, &len, NULL) == 0 &&
	    strspn(text, "0123456789abcdef") >= ID_HEX)
		snprintf(id, sizeof(id), "%.*s", ID_HEX, text);
	else
		digest_buffer(machine_name(), strlen(machine_name()), id);
	id[ID_HEX] = '\0';
	return id;
}
