/* Signing requests: whatever comes in is refused by a code and words, or told completely; and what
 * can be told can be signed or is refused for a name or a key. */
#include <assert.h>
#include <string.h>

#include "base/time.h"
#include "pki/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rv_buf ca_cert, ca_key;

static void make_ca(void)
{
	struct rv_pki_request req = { .kind = RV_PKI_ROOT,
				      .subject = { .common_name = "CA" },
				      .lifetime_us = 86400 * RV_US_PER_SEC };
	int err = rv_pki_key_new(&ca_key);

	if (err == RV_OK)
		err = rv_pki_issue(&req, rv_buf_str(&ca_key), rv_str(NULL), rv_str(NULL), &ca_cert,
				   NULL);
	assert(err == RV_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_pki_request req = { .kind = RV_PKI_SERVER, .lifetime_us = 86400 * RV_US_PER_SEC };
	struct rv_str text = rv_strn(data, size);
	struct rv_pki_csr_info info;
	struct rv_diag diag = { 0 };
	struct rv_buf out = { 0 };
	int err = rv_pki_csr_inspect(text, &info, &diag);

	if (ca_cert.len == 0)
		make_ca();
	if (err == RV_OK)
		assert(memchr(info.subject, '\0', sizeof(info.subject)) != NULL);
	else
		assert((err == RV_ESYNTAX || err == RV_EINVALID) && diag.text[0] != '\0');
	int signing = rv_pki_csr_issue(&req, text, rv_buf_str(&ca_cert), rv_buf_str(&ca_key), &out,
				       &diag);
	assert(err == RV_OK || signing == err);
	assert((signing == RV_OK) == (out.len > 0));
	rv_buf_deinit(&out);
	return 0;
}
