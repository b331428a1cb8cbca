/* Certificate texts: whatever comes in, the answer is one of three, and a text that can be read
 * makes a trust store or is refused by name. */
#include <assert.h>
#include <string.h>

#include "pki/pki.h"
#include "tls/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str text = rv_strn(data, size);
	struct rv_tls_opt opt = { .peer = RV_TLS_PEER_ANCHOR, .ca_pem = text };
	struct rv_tls_ctx *ctx = NULL;
	struct rv_diag diag = { 0 };
	struct rv_pki_info info;
	int err = rv_pki_inspect(text, &info, &diag);

	if (err == RV_OK) {
		assert(info.count > 0);
		assert(memchr(info.subject, '\0', sizeof(info.subject)) != NULL);
		assert(memchr(info.issuer, '\0', sizeof(info.issuer)) != NULL);
	} else {
		assert(err == RV_ESYNTAX && diag.text[0] != '\0');
	}
	err = rv_tls_ctx_new(&opt, &ctx, &diag);
	assert(err == RV_OK || (err == RV_ETLS && strcmp(diag.where, "ca") == 0));
	rv_tls_ctx_unref(ctx);
	return 0;
}
