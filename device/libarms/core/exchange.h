/* exchange.h - one request and its answer: bytes out, bytes in, a message at the end.
 *
 * begin -> (head, body: two writes) -> data* -> complete -> answer -> end
 *
 * No I/O, no clock. The answer's strings live until rv_sa_exchange_end.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_EXCHANGE_H
#define RV_DEVICE_LIBARMS_CORE_EXCHANGE_H

#include "base/arena.h"
#include "proto/armshttp/client.h"
#include "proto/armsxml/parse.h"

enum {
	RV_SA_ANSWER_MAX = 16 * 1024 * 1024,       /* bytes of XML in one answer */
	RV_SA_ANSWER_MEMORY_MAX = 4 * 1024 * 1024, /* bytes of values kept of it */
};

struct rv_sa_exchange { /* all-zero: none */
	struct rv_buf head;
	struct rv_buf body;
	struct rv_armshttp_answer http;
	struct rv_armsxml_reader *reader;
	struct rv_arena arena;
	bool is_complete; /* </arms-message> has arrived */
};

/* Build the request and wait for its answer. -ENOMEM: the exchange is empty. */
int rv_sa_exchange_begin(struct rv_sa_exchange *ex, const struct rv_armshttp_url *url,
			 struct rv_str password, const struct rv_armsxml_request *request,
			 const struct rv_armsxml_sink *sink) RV_MUSTCHECK;

/* Bytes of the answer, in any pieces. After an error the exchange is only good for end:
 * RV_EDENIED (HTTP status 400 or above, ex->http.status), other codes of the HTTP and XML
 * parsers, or what the sink returned. */
int rv_sa_exchange_data(struct rv_sa_exchange *ex, struct rv_str bytes,
			struct rv_diag *diag) RV_MUSTCHECK;

/* The message; only once is_complete. RV_OK or what the parser says. */
int rv_sa_exchange_answer(struct rv_sa_exchange *ex, const struct rv_armsxml_response **out,
			  struct rv_diag *diag) RV_MUSTCHECK;

void rv_sa_exchange_end(struct rv_sa_exchange *ex); /* wipes; leaves an all-zero struct */

#endif
