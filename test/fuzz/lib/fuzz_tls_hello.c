/* A hello is decided once: no byte that comes later may change it, and enough of them decide it. */
#include <assert.h>
#include <stdint.h>

#include "tls/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum rv_tls_hello first = RV_TLS_HELLO_OTHER;
	bool is_decided = false, was_whole = false;

	for (size_t n = 0; n <= size; n++) {
		enum rv_tls_hello hello = RV_TLS_HELLO_OTHER;
		int err = rv_tls_hello_read(rv_strn(data, n), &hello);

		assert(err == RV_OK || err == RV_EMORE);
		assert(err == RV_OK || (!is_decided && n < RV_TLS_HELLO_MAX));
		assert(!is_decided || hello == first);
		assert(!was_whole || rv_tls_hello_is_whole(rv_strn(data, n)));
		was_whole = rv_tls_hello_is_whole(rv_strn(data, n));
		if (err == RV_OK && !is_decided)
			first = hello;
		is_decided = err == RV_OK;
	}
	return 0;
}
