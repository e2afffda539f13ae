/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - one line per event on stderr; under systemd with its priority prefix, else with local time.
 *
 * Arguments that come from users (names, file contents) must have gone through escape_text(). errno
 * is preserved by every call. Thread-safe (one write per line).
 */
#ifndef SPOOL_LOG_H
#define SPOOL_LOG_H

#include <stdbool.h>

/* Program name for the lines ("spoold"; kept, not copied); debug switches log_debug on. Call once,
 * early. */
void log_init(const char *program, bool debug);

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Repeating trouble: logs as log_warn the first time that this key is seen with this text, then the
 * 2nd, 4th, 8th ... time with the count (at most once a minute), so that a broken share cannot fill
 * a disk. After 8 changes of text a new text counts as a repetition. log_mended forgets the key and
 * says "<key>: in order again" once, if it had been complained about, so a key is a phrase that
 * people read: "inbox of lab-07".
 */
void log_trouble(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_mended(const char *key);

/* Start-up only: prints "program: text" on stderr and ends the program with exit status 1. */
void log_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
