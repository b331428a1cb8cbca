/* prepare.h - OpenSSL's files are read while they can be.
 *
 * openssl.cnf and the modules that it names, which OpenSSL reads at its first use. A process that
 * is about to give up its right to files calls this before. Any number of times; makes no thread.
 */
#ifndef RV_TLS_PREPARE_H
#define RV_TLS_PREPARE_H

/* A broken openssl.cnf is met where OpenSSL is used: by rv_tls_ctx_new(). */
void rv_tls_prepare(void);

#endif
