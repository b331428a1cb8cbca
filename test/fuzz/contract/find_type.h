/* find_type.h - the first line of a seed names the message it is: a name outlives new messages. */
#ifndef RV_TEST_FUZZ_CONTRACT_FIND_TYPE_H
#define RV_TEST_FUZZ_CONTRACT_FIND_TYPE_H

#include <assert.h>

#include "contract/desc.h"

enum { FUZZ_VALUE_MAX = 1024 }; /* bytes of the largest message struct */

/* Takes the line off *in; NULL when there is no such message. */
static inline const struct rv_contract_type *fuzz_take_type(struct rv_str *in)
{
	size_t eol = rv_str_find(*in, '\n');
	struct rv_str name = rv_str_sub(*in, 0, eol);

	*in = rv_str_sub(*in, eol + 1, in->len);
	for (size_t i = 0; i < rv_contract_msg_count; i++) {
		const struct rv_contract_msg *msg = &rv_contract_msgs[i];

		assert(msg->in->size <= FUZZ_VALUE_MAX && msg->out->size <= FUZZ_VALUE_MAX);
		if (rv_str_is(name, msg->in->name))
			return msg->in;
		if (rv_str_is(name, msg->out->name))
			return msg->out;
	}
	return NULL;
}

#endif
