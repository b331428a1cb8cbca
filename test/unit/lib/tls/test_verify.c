#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "link.h"

static const char *const ls_subjects[] = { "CN=ARMS Root CA", "CN=Location Server ", NULL };

/* The server's certificate against the client's demands. */
static const struct {
	const char *what;
	enum rv_tls_peer peer;
	const struct test_cert *ca, *cert;
	const char *const *subjects;
	const char *host;
	int result;
	const char *error; /* part of rv_tls_error on the client's side */
} judgements[] = {
	{ "anchor, no demands", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf, NULL, NULL, RV_OK, "" },
	{ "anchor, LS subjects", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf, ls_subjects, NULL, RV_OK,
	  "" },
	{ "subject of several parts", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf_multi, ls_subjects,
	  NULL, RV_OK, "" },
	{ "no blank after Server", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf_blank, ls_subjects,
	  NULL, RV_ETLS, "depth 0, subject \"CN=Location Server\"" },
	{ "root's subject counts too", RV_TLS_PEER_ANCHOR, &pki.odd_root, &pki.odd_leaf,
	  ls_subjects, NULL, RV_ETLS, "depth 1, subject \"CN=Odd Root\"" },
	{ "subjects not asked", RV_TLS_PEER_ANCHOR, &pki.root, &pki.leaf_blank, NULL, NULL, RV_OK,
	  "" },
	{ "expired, anchor", RV_TLS_PEER_ANCHOR, &pki.root, &pki.expired, ls_subjects, NULL, RV_OK,
	  "" },
	{ "not yet valid, anchor", RV_TLS_PEER_ANCHOR, &pki.root, &pki.early, ls_subjects, NULL,
	  RV_OK, "" },
	{ "other root, anchor", RV_TLS_PEER_ANCHOR, &pki.odd_root, &pki.leaf, NULL, NULL, RV_ETLS,
	  "certificate refused" },
	{ "same subject, other key", RV_TLS_PEER_ANCHOR, &pki.other_root, &pki.leaf, NULL, NULL,
	  RV_ETLS, "certificate refused" },
	{ "host name", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "rs.example", RV_OK, "" },
	{ "address", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "127.0.0.1", RV_OK, "" },
	{ "address, version 6", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "::1", RV_OK, "" },
	{ "other host name", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "ls.example", RV_ETLS,
	  "hostname mismatch" },
	{ "other address", RV_TLS_PEER_NAME, &pki.root, &pki.leaf, NULL, "127.0.0.2", RV_ETLS,
	  "IP address mismatch" },
	{ "expired, name", RV_TLS_PEER_NAME, &pki.root, &pki.expired, NULL, "127.0.0.1", RV_ETLS,
	  "certificate has expired" },
	{ "not yet valid, name", RV_TLS_PEER_NAME, &pki.root, &pki.early, NULL, "127.0.0.1",
	  RV_ETLS, "not yet valid" },
	{ "system trust knows us not", RV_TLS_PEER_NAME, NULL, &pki.leaf, NULL, "127.0.0.1",
	  RV_ETLS, "certificate refused" },
	{ "encryption only", RV_TLS_PEER_INSECURE, NULL, &pki.expired, NULL, NULL, RV_OK, "" },
};

static void client_judges_the_server_certificate(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(judgements); i++) {
		struct rv_tls_opt c = client_opt(judgements[i].peer, judgements[i].ca);
		struct rv_tls_opt s = server_opt(judgements[i].cert);
		int client_result, server_result;
		struct link l;

		c.subject_contains = judgements[i].subjects;
		link_open(&l, &c, &s, judgements[i].host, 0);
		handshake(&l, &client_result, &server_result);
		if (client_result != judgements[i].result ||
		    strstr(rv_tls_error(l.client), judgements[i].error) == NULL)
			fail_msg("%s: %s, \"%s\"", judgements[i].what, rv_err_name(client_result),
				 rv_tls_error(l.client));
		/* The server hears of the refusal by an alert. */
		assert_int_equal(server_result, judgements[i].result);
		if (server_result != RV_OK)
			assert_non_null(strstr(rv_tls_error(l.server), "refused by the peer"));
		link_close(&l);
	}
}

static const struct {
	const char *what;
	const struct test_cert *client;
	enum rv_tls_peer peer;
	int result;
	const char *subject;
} client_certs[] = {
	{ "none sent", NULL, RV_TLS_PEER_OPTIONAL, RV_OK, "" },
	{ "ours", &pki.device, RV_TLS_PEER_OPTIONAL, RV_OK, "CN=device-1" },
	{ "foreign", &pki.foreign_device, RV_TLS_PEER_OPTIONAL, RV_ETLS, "" },
	{ "expired", &pki.expired_device, RV_TLS_PEER_OPTIONAL, RV_OK, "CN=device-1" },
	{ "expired, sent to a device", &pki.expired_device, RV_TLS_PEER_ANCHOR, RV_OK,
	  "CN=device-1" },
	{ "a server's", &pki.leaf, RV_TLS_PEER_OPTIONAL, RV_ETLS, "" },
	{ "not asked for", &pki.foreign_device, RV_TLS_PEER_NONE, RV_OK, "" },
	{ "none sent to a device", NULL, RV_TLS_PEER_ANCHOR, RV_OK, "" },
	{ "ours, sent to a device", &pki.device, RV_TLS_PEER_ANCHOR, RV_OK, "CN=device-1" },
	{ "foreign, sent to a device", &pki.foreign_device, RV_TLS_PEER_ANCHOR, RV_ETLS, "" },
};

static void server_asks_for_a_client_certificate_but_does_not_insist(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(client_certs); i++) {
		struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, &pki.root);
		struct rv_tls_opt s = server_opt(&pki.leaf);
		int client_result, server_result;
		struct link l;

		if (client_certs[i].client != NULL) {
			c.cert_pem = rv_buf_str(&client_certs[i].client->cert);
			c.key_pem = rv_buf_str(&client_certs[i].client->key);
		}
		s.peer = client_certs[i].peer;
		s.ca_pem = rv_buf_str(&pki.root.cert);
		link_open(&l, &c, &s, NULL, 0);
		handshake(&l, &client_result, &server_result);
		if (server_result != client_certs[i].result)
			fail_msg("%s: %s, \"%s\"", client_certs[i].what, rv_err_name(server_result),
				 rv_tls_error(l.server));
		assert_string_equal(rv_tls_peer_subject(l.server), client_certs[i].subject);
		assert_string_equal(rv_tls_peer_subject(l.client), "CN=Location Server 1");
		link_close(&l);
	}
}

static const struct {
	const char *cert, *ca;
	int result; /* of the handshake; RV_EINVALID: there is no context */
} chains[] = {
	{ "chain.pem", "root.pem", RV_OK },
	{ "leaf.pem", "root.pem", RV_ETLS }, /* the server must send the intermediate */
	{ "chain.pem", "intermediate.pem", RV_EINVALID },
};

static void intermediates_are_sent_by_the_server_and_never_anchors(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(chains); i++) {
		struct test_cert server;
		struct rv_buf ca;
		struct rv_tls_opt c, s;
		struct rv_tls_ctx *ctx = NULL;
		int client_result, server_result;
		struct link l;

		read_data(&server.cert, chains[i].cert);
		read_data(&server.key, "key.pem");
		read_data(&ca, chains[i].ca);
		s = server_opt(&server);
		c = client_opt(RV_TLS_PEER_ANCHOR, NULL);
		c.ca_pem = rv_buf_str(&ca);
		c.subject_contains = ls_subjects;
		if (chains[i].result == RV_EINVALID) {
			assert_int_equal(rv_tls_ctx_new(&c, &ctx, NULL), RV_ETLS);
		} else {
			link_open(&l, &c, &s, NULL, 0);
			handshake(&l, &client_result, &server_result);
			assert_int_equal(client_result, chains[i].result);
			link_close(&l);
		}
		test_cert_free(&server);
		rv_buf_deinit(&ca);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_judges_the_server_certificate),
		cmocka_unit_test(server_asks_for_a_client_certificate_but_does_not_insist),
		cmocka_unit_test(intermediates_are_sent_by_the_server_and_never_anchors),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
