#include "certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

void test_cert_make(struct test_cert *out, const struct test_cert_spec *spec,
		    const struct test_cert *issuer)
{
	struct rv_diag diag = { 0 };
	struct rv_pki_request req = {
		.kind = spec->kind,
		.subject = { spec->common_name, spec->organization },
		.alt_names = spec->alt_names,
		.now_us = rv_time_utc_us() + spec->from_days * TEST_DAY_US,
		.lifetime_us = (spec->days == 0 ? 365 : spec->days) * TEST_DAY_US,
	};
	int err;

	rv_buf_init(&out->cert, 0);
	rv_buf_init(&out->key, 0);
	assert_int_equal(rv_pki_key_new(&out->key), RV_OK);
	err = rv_pki_issue(&req, rv_buf_str(&out->key),
			   issuer == NULL ? rv_str(NULL) : rv_buf_str(&issuer->cert),
			   issuer == NULL ? rv_str(NULL) : rv_buf_str(&issuer->key), &out->cert,
			   &diag);
	if (err != RV_OK)
		fail_msg("%s", diag.text);
}

void test_cert_free(struct test_cert *cert)
{
	rv_buf_deinit(&cert->cert);
	rv_buf_deinit(&cert->key);
}
