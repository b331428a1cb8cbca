/* certs.h - certificates for tests, made on the spot by lib/pki. */
#ifndef TEST_CERTS_H
#define TEST_CERTS_H

#include "base/time.h"
#include "pki/pki.h"

#define TEST_DAY_US (86400 * RV_US_PER_SEC)

struct test_cert {
	struct rv_buf cert;
	struct rv_buf key;
};

struct test_cert_spec {
	enum rv_pki_kind kind;
	const char *common_name;
	const char *organization;
	const char *const *alt_names;
	int from_days; /* start of validity, days from now; 0 = now */
	int days;      /* 0 = a year */
};

/* Fails the test when it cannot; issuer NULL for a root. */
void test_cert_make(struct test_cert *out, const struct test_cert_spec *spec,
		    const struct test_cert *issuer);
void test_cert_free(struct test_cert *cert);

#endif
