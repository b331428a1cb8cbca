/* tickets.h - the keys of session tickets, shared by the contexts of a process and, through the
 * supervisor, by all workers: a client resumes wherever it lands, also after a worker died.
 *
 * A key set is what the supervisor makes and hands to its duties: 1..RV_TLS_TICKET_KEYS_MAX keys
 * one after the other, each
 *
 *   | name 16 | AES-256 32 | HMAC-SHA-256 32 |     80 random bytes
 *
 * The first key seals new tickets, every key of the set opens them; a ticket opened by another than
 * the first is replaced by a new one. Order: current, previous, next. `next` is handed out one
 * rotation before it becomes current, so that no worker meets a ticket it has not the key for.
 * Rotation: {current, previous, next} becomes {next, current, fresh}. A ticket is therefore good
 * for one rotation after its making at least, and for none after two.
 *
 * Whoever has a key reads all that was sealed with it, and with it the TLS 1.2 connections whose
 * tickets those are: keys stay in memory, are wiped when they go, and rotate.
 *
 * Thread-safe. Needs rv_tls_opt.tickets to have any effect.
 */
#ifndef RV_TLS_TICKETS_H
#define RV_TLS_TICKETS_H

#include "base/err.h"
#include "base/str.h"

enum {
	RV_TLS_TICKET_KEY_LEN = 80,
	RV_TLS_TICKET_KEYS_MAX = 3,
	RV_TLS_TICKET_SET_MAX = RV_TLS_TICKET_KEYS_MAX * RV_TLS_TICKET_KEY_LEN,
};

struct rv_tls_tickets;

/* With one random key of its own until rv_tls_tickets_set: such tickets are good in this process
 * only. -ENOMEM; RV_ETLS: no random numbers. */
int rv_tls_tickets_new(struct rv_tls_tickets **out) RV_MUSTCHECK;
struct rv_tls_tickets *rv_tls_tickets_ref(struct rv_tls_tickets *tickets);
void rv_tls_tickets_unref(struct rv_tls_tickets *tickets); /* NULL allowed */

/* From now on these keys and no others; copies. Connections, open or in handshake, go on.
 * RV_EINVALID, nothing changed: not 1..3 whole keys, or two of one name. */
int rv_tls_tickets_set(struct rv_tls_tickets *tickets, struct rv_str keys) RV_MUSTCHECK;

#endif
