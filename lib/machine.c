/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine - which host this is. Reads the two files that systemd and D-Bus know it by, changes
 * nothing. What is in neither form is taken as none: "uninitialized" stands there in images that
 * were never started.
 */
#include "machine.h"

#include "cleanup.h"
#include "digest.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>

#define ID_HEX (MACHINE_ID_SIZE - 1)

const char *machine_name(void)
{
	static char name[256];

	if (!*name && (gethostname(name, sizeof(name) - 1) < 0 || !*name))
		snprintf(name, sizeof(name), "host");
	name[strcspn(name, ".\"\\")] = '\0';
	return name;
}

bool machine_read_id(const char *root, char ret[MACHINE_ID_SIZE])
{
	static const char *const places[] = { "/etc/machine-id", "/var/lib/dbus/machine-id" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		_cleanup_free_ char *path = xasprintf("%s%s", root, places[i]);
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		char text[ID_HEX + 2] = ""; /* one more, to see that there is no more */

		if (fd < 0 || read(fd, text, sizeof(text) - 1) < ID_HEX ||
		    strspn(text, "0123456789abcdef") != ID_HEX)
			continue;
		text[ID_HEX] = '\0';
		memcpy(ret, text, MACHINE_ID_SIZE);
		return true;
	}
	return false;
}

const char *machine_id(void)
{
	static char id[MACHINE_ID_SIZE];
	char digest[DIGEST_HEX_SIZE];

	if (*id || machine_read_id("", id))
		return id;
	digest_buffer(machine_name(), strlen(machine_name()), digest);
	memcpy(id, digest, ID_HEX);
	return id;
}
