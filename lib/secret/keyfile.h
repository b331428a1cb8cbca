/* keyfile.h - the file of master keys, read and written.
 *
 *   mac <64 hex digits> <64 hex digits>     subkeys 1 and 2 of the first key; from the first
 *                                           rotation on
 *   2 <64 hex digits>                       the key that seals
 *   1 <64 hex digits>                       older ones: boxes under them still open
 *
 * A MAC cannot be made anew without the key of the device, which nobody keeps: so the MAC keys
 * outlive the master key that they came from, in a line of their own from which no box can be
 * opened. Numbers are 1..255, each once.
 *
 * Whoever changes the file holds <path>.lock and writes the new one beside it, synced, before it
 * takes the name: at any moment the name stands for a whole file. Mode 0400.
 */
#ifndef RV_SECRET_KEYFILE_H
#define RV_SECRET_KEYFILE_H

#include "base/diag.h"
#include "base/str.h"

enum {
	RV_KEYFILE_KEYS_MAX = 8,
	RV_KEYFILE_KEY_LEN = 32,
	RV_KEYFILE_MAC_LEN = 64, /* two subkeys */
};

struct rv_keyfile_key {
	uint8_t number;
	uint8_t key[RV_KEYFILE_KEY_LEN];
};

struct rv_keyfile {
	struct rv_keyfile_key keys[RV_KEYFILE_KEYS_MAX]; /* the first one seals */
	size_t count;                                    /* at least 1 */
	bool has_mac;
	uint8_t mac[RV_KEYFILE_MAC_LEN];
};

/* Pure, untrusted input. RV_ESYNTAX (line in diag), RV_ELIMIT: too many keys. */
int rv_keyfile_parse(struct rv_str text, struct rv_keyfile *out, struct rv_diag *diag) RV_MUSTCHECK;

/* RV_EDENIED: others may read it; -ENOENT; codes of parse. diag (not for -ENOENT) names the file.
 */
int rv_keyfile_read(const char *path, struct rv_keyfile *out, struct rv_diag *diag) RV_MUSTCHECK;

/* A first file with one new key, number 1. A file that is there stays: of several makers one wins,
 * and that is no failure. */
int rv_keyfile_make(const char *path) RV_MUSTCHECK;

/* Take a new key into use beside the old one. With several keys already nothing is changed: a
 * rotation is under way, to be gone on with. *number: the key that seals. */
int rv_keyfile_add(const char *path, uint8_t *number, struct rv_diag *diag) RV_MUSTCHECK;

/* Forget all keys but the one that seals: once no box is under another one. */
int rv_keyfile_drop(const char *path, struct rv_diag *diag) RV_MUSTCHECK;

#endif
