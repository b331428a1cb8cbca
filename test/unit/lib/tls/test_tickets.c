#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "link.h"

/* The keys of a fleet, by their letters: "BA" seals with B and opens with A too. */
static struct rv_str key_set(const char *letters)
{
	static char bytes[RV_TLS_TICKET_SET_MAX + RV_TLS_TICKET_KEY_LEN];
	size_t n = strlen(letters);

	for (size_t i = 0; i < n; i++)
		memset(bytes + i * RV_TLS_TICKET_KEY_LEN, letters[i], RV_TLS_TICKET_KEY_LEN);
	return rv_strn(bytes, n * RV_TLS_TICKET_KEY_LEN);
}

struct party {
	struct rv_tls_opt opt;
	int version; /* the best it offers; 0 = all */
};

struct outcome {
	bool is_resumed;
	int client, server;
	char subject[128]; /* of the client, as the server sees it */
};

static struct party device(void)
{
	return (struct party){ client_opt(RV_TLS_PEER_ANCHOR, &pki.root), TLS1_2_VERSION };
}

/* A worker in a process of its own, as far as keys go. The caller drops opt.tickets. */
static struct party worker(const char *letters)
{
	struct party p = { .opt = server_opt(&pki.leaf) };

	p.opt.role = "ls";
	assert_int_equal(rv_tls_tickets_new(&p.opt.tickets), RV_OK);
	if (letters[0] != '\0')
		assert_int_equal(rv_tls_tickets_set(p.opt.tickets, key_set(letters)), RV_OK);
	return p;
}

/* TLS 1.3 would give its tickets after the handshake. */
static void one_answer(struct link *l)
{
	char out[8];
	size_t n;

	assert_int_equal(rv_tls_write(l->server, "x", 1), RV_OK);
	relay_all(l);
	assert_int_equal(rv_tls_read(l->client, out, sizeof(out), &n), RV_OK);
}

/* One connection: offers *session when it is not empty, and replaces it by what it got. */
static struct outcome visit(const struct party *client, const struct party *server,
			    struct rv_buf *session, int days_ahead)
{
	struct outcome o = { 0 };
	struct link l;

	link_open(&l, &client->opt, &server->opt, NULL, 0);
	if (client->version != 0)
		assert_int_equal(SSL_set_max_proto_version(l.client->ssl, client->version), 1);
	if (days_ahead > 0)
		X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(l.server_ctx->ssl_ctx),
					   time(NULL) + (time_t)days_ahead * 86400);
	if (session->len > 0)
		assert_int_equal(rv_tls_session_load(l.client, rv_buf_str(session)), RV_OK);
	handshake(&l, &o.client, &o.server);
	if (o.client == RV_OK && o.server == RV_OK) {
		one_answer(&l);
		o.is_resumed = rv_tls_is_resumed(l.server);
		assert_int_equal(rv_tls_is_resumed(l.client), o.is_resumed);
		snprintf(o.subject, sizeof(o.subject), "%s", rv_tls_peer_subject(l.server));
		rv_buf_clear(session);
		if (rv_tls_session_save(l.client, session) != RV_OK)
			assert_int_equal(session->len, 0);
	}
	link_close(&l);
	return o;
}

static const struct {
	const char *made, *met; /* keys of the worker that made the ticket, of the next one */
	bool is_resumed;
	const char *after; /* keys that open what that one gave; "" = none of its own */
} rotations[] = {
	{ "A", "A", true, "A" },      { "AZ", "AYB", true, "A" }, /* another worker */
	{ "AZB", "BAC", true, "B" },                              /* one rotation later: renewed */
	{ "BAC", "AZB", true, "A" },  /* a worker that has not heard of the rotation yet */
	{ "AZB", "CBD", false, "C" }, /* two rotations later */
	{ "A", "B", false, "B" },     { "A", "", false, "" }, /* its own random key */
	{ "", "A", false, "A" },
};

static void a_ticket_is_good_wherever_its_key_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rotations); i++) {
		struct party client = device();
		struct party first = worker(rotations[i].made);
		struct party second = worker(rotations[i].met);
		struct party third = worker(rotations[i].after);
		struct rv_buf session = { .wipe = true };

		assert_false(visit(&client, &first, &session, 0).is_resumed);
		assert_true(session.len > 0);
		assert_int_equal(visit(&client, &second, &session, 0).is_resumed,
				 rotations[i].is_resumed);
		assert_int_equal(visit(&client, &third, &session, 0).is_resumed,
				 rotations[i].after[0] != '\0');
		rv_buf_deinit(&session);
		rv_tls_tickets_unref(first.opt.tickets);
		rv_tls_tickets_unref(second.opt.tickets);
		rv_tls_tickets_unref(third.opt.tickets);
	}
}

static void a_client_resumes_again_and_again(void **state)
{
	struct party client = device(), server = worker("A");
	struct rv_buf session = { .wipe = true };

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(visit(&client, &server, &session, 0).is_resumed, i > 0);
	rv_buf_deinit(&session);
	rv_tls_tickets_unref(server.opt.tickets);
}

static void without_tickets_and_in_tls_1_3_nothing_is_resumed(void **state)
{
	struct party client = device(), server = { .opt = server_opt(&pki.leaf) };
	struct party modern = worker("A");
	struct rv_buf session = { .wipe = true };
	struct link l;

	(void)state;
	assert_false(visit(&client, &server, &session, 0).is_resumed);
	assert_int_equal(session.len, 0);
	client.version = TLS1_3_VERSION;
	assert_false(visit(&client, &modern, &session, 0).is_resumed);
	assert_int_equal(session.len, 0);
	rv_tls_tickets_unref(modern.opt.tickets);
	link_open(&l, &client.opt, &server.opt, NULL, 0);
	assert_int_equal(rv_tls_session_save(l.client, &session), RV_ENOTFOUND);
	assert_false(rv_tls_is_resumed(l.client));
	link_close(&l);
}

static void a_session_of_another_policy_is_not_resumed(void **state)
{
	static const struct {
		const char *role;
		enum rv_tls_peer peer;
		const struct test_cert *ca;
		bool is_resumed;
	} others[] = {
		{ "proxy", RV_TLS_PEER_OPTIONAL, &pki.root, true },
		{ "ls", RV_TLS_PEER_OPTIONAL, &pki.root, false },
		{ NULL, RV_TLS_PEER_OPTIONAL, &pki.root, false },
		{ "proxy", RV_TLS_PEER_ANCHOR, &pki.root, false },
		{ "proxy", RV_TLS_PEER_OPTIONAL, &pki.other_root, false },
		{ "proxy", RV_TLS_PEER_NONE, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(others); i++) {
		struct party client = device(), server = worker("A");
		struct rv_buf session = { .wipe = true };

		server.opt.role = "proxy";
		server.opt.peer = RV_TLS_PEER_OPTIONAL;
		server.opt.ca_pem = rv_buf_str(&pki.root.cert);
		visit(&client, &server, &session, 0);
		server.opt.role = others[i].role;
		server.opt.peer = others[i].peer;
		server.opt.ca_pem = others[i].ca == NULL ? rv_str(NULL)
							 : rv_buf_str(&others[i].ca->cert);
		assert_int_equal(visit(&client, &server, &session, 0).is_resumed,
				 others[i].is_resumed);
		rv_buf_deinit(&session);
		rv_tls_tickets_unref(server.opt.tickets);
	}
}

static void who_resumes_is_who_was_verified(void **state)
{
	enum { LATER = 800 /* days */ };
	struct party client = device(), nobody = device(), server = worker("A");
	struct rv_buf session = { .wipe = true };
	struct outcome first, again;

	(void)state;
	server.opt.peer = RV_TLS_PEER_OPTIONAL;
	server.opt.ca_pem = rv_buf_str(&pki.root.cert);
	client.opt.cert_pem = rv_buf_str(&pki.device.cert);
	client.opt.key_pem = rv_buf_str(&pki.device.key);
	first = visit(&client, &server, &session, 0);
	assert_true(first.subject[0] != '\0');
	again = visit(&nobody, &server, &session, 0); /* the ticket says it all */
	assert_true(again.is_resumed);
	assert_string_equal(again.subject, first.subject);
	/* Its certificate has expired meanwhile: the ticket says nothing any more. */
	again = visit(&nobody, &server, &session, LATER);
	assert_int_equal(again.server, RV_OK);
	assert_false(again.is_resumed);
	assert_string_equal(again.subject, "");
	rv_buf_deinit(&session);
	rv_tls_tickets_unref(server.opt.tickets);
}

static void a_client_loads_only_what_it_would_trust(void **state)
{
	static const char junk[] = "\x30\x03\x02\x01\x01";
	struct party client = device(), server = worker("A");
	struct rv_buf session = { .wipe = true };
	struct rv_str all;
	struct link l;
	int c, s;

	(void)state;
	visit(&client, &server, &session, 0);
	all = rv_buf_str(&session);
	client.opt.ca_pem = rv_buf_str(&pki.other_root.cert);
	link_open(&l, &client.opt, &server.opt, NULL, 0);
	assert_int_equal(rv_tls_session_load(l.client, all), RV_EINVALID);
	assert_int_equal(rv_tls_session_load(l.client, rv_str(NULL)), RV_ESYNTAX);
	assert_int_equal(rv_tls_session_load(l.client, rv_str(junk)), RV_ESYNTAX);
	assert_int_equal(rv_tls_session_load(l.client, rv_str_sub(all, 0, all.len - 1)),
			 RV_ESYNTAX);
	handshake(&l, &c, &s); /* in full, and so its root is found wanting */
	assert_int_equal(c, RV_ETLS);
	link_close(&l);
	rv_buf_deinit(&session);
	rv_tls_tickets_unref(server.opt.tickets);
}

static void a_changed_ticket_means_a_full_handshake(void **state)
{
	struct party client = device(), server = worker("A");
	struct rv_buf session = { .wipe = true };
	char *name;

	(void)state;
	visit(&client, &server, &session, 0);
	name = memmem(session.ptr, session.len, key_set("A").ptr, 16);
	assert_non_null(name);
	name[40] ^= 1; /* of the sealed part; the handshake goes on */
	assert_false(visit(&client, &server, &session, 0).is_resumed);
	assert_true(visit(&client, &server, &session, 0).is_resumed);
	rv_buf_deinit(&session);
	rv_tls_tickets_unref(server.opt.tickets);
}

static void keys_are_refused_in_other_than_whole_sets(void **state)
{
	struct party client = device(), server = worker("A");
	struct rv_tls_tickets *tickets = server.opt.tickets;
	struct rv_buf session = { .wipe = true };

	(void)state;
	visit(&client, &server, &session, 0);
	assert_int_equal(rv_tls_tickets_set(tickets, rv_str(NULL)), RV_EINVALID);
	assert_int_equal(rv_tls_tickets_set(tickets, rv_str_sub(key_set("BC"), 0, 159)),
			 RV_EINVALID);
	assert_int_equal(rv_tls_tickets_set(tickets, key_set("BCDE")), RV_EINVALID);
	assert_int_equal(rv_tls_tickets_set(tickets, key_set("BCB")), RV_EINVALID);
	assert_true(visit(&client, &server, &session, 0).is_resumed); /* nothing changed */
	rv_buf_deinit(&session);
	rv_tls_tickets_unref(rv_tls_tickets_ref(tickets));
	rv_tls_tickets_unref(tickets);
	rv_tls_tickets_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_is_good_wherever_its_key_is),
		cmocka_unit_test(a_client_resumes_again_and_again),
		cmocka_unit_test(without_tickets_and_in_tls_1_3_nothing_is_resumed),
		cmocka_unit_test(a_session_of_another_policy_is_not_resumed),
		cmocka_unit_test(who_resumes_is_who_was_verified),
		cmocka_unit_test(a_client_loads_only_what_it_would_trust),
		cmocka_unit_test(a_changed_ticket_means_a_full_handshake),
		cmocka_unit_test(keys_are_refused_in_other_than_whole_sets),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
