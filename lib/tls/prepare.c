#include "tls/prepare.h"

#include <openssl/crypto.h>

void rv_tls_prepare(void)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
}
