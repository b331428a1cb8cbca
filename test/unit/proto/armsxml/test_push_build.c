/* What servers may send in the push phase, and how both sides write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armsxml/push_build.h"

#define S(l)                                                                                       \
	{                                                                                          \
		l, sizeof(l) - 1                                                                   \
	}
#define INT(v)                                                                                     \
	{                                                                                          \
		true, v                                                                            \
	}
#define ID     "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
#define DISTID .distid = S(ID)
#define HEAD   "<distribution-id>" ID "</distribution-id>"

static struct rv_armsxml_item one[] = { { .id = 1, .has_id = true, .body = S("show arp") } };
static struct rv_armsxml_item two[] = {
	{ .id = 1, .has_id = true, .body = S("interfaces") },
	{ .id = 2, .has_id = true, .is_binary = true, .body = S("\x00\x01\x02") },
};
static struct rv_armsxml_item no_id[] = { { .body = S("x") } };
static struct rv_armsxml_item not_ascii[] = { { .has_id = true, .body = S("\xe3\x81\x82") } };
static struct rv_armsxml_module modules[] = {
	{ .id = 1,
	  .version = S("3.2"),
	  .infostring = S("edge-os"),
	  .has_config = true,
	  .config = S("hostname branch-7b\n") },
};
static struct rv_armsxml_module same_ids[] = { { .id = 1 }, { .id = 1 } };

/* The examples of the specification. */
static const struct {
	struct rv_armsxml_push push;
	const char *text;
} pushes[] = {
	{ { .op = RV_ARMSXML_PUSH_CONFIRMATION, DISTID, .transaction_id = INT(5021) },
	  "<arms-message><arms-request type=\"push-confirmation-done\">" HEAD
	  "<transaction-id>5021</transaction-id><push-confirmation-done-request>"
	  "</push-confirmation-done-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_CONFIGURE,
	    DISTID,
	    .result_url = S("https://192.0.2.10:8443/arms"),
	    .modules = modules,
	    .module_count = 1 },
	  "<arms-message><arms-request type=\"configure-start\">" HEAD
	  "<result-url>https://192.0.2.10:8443/arms</result-url><configure-start-request><module "
	  "id=\"1\" version=\"3.2\">edge-os</module><md-config id=\"1\">hostname branch-7b\n"
	  "</md-config></configure-start-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_CONFIGURE, DISTID },
	  "<arms-message><arms-request type=\"configure-start\">" HEAD "<configure-start-request>"
	  "</configure-start-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_READ_STATUS, DISTID, .items = two, .item_count = 2 },
	  "<arms-message><arms-request type=\"read-status-start\">" HEAD
	  "<read-status-start-request><status-request id=\"1\">interfaces</status-request>"
	  "<status-request id=\"2\" encoding=\"base64\">AAEC</status-request>"
	  "</read-status-start-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_CLEAR_STATUS, DISTID, .items = one, .item_count = 1 },
	  "<arms-message><arms-request type=\"clear-status-start\">" HEAD
	  "<clear-status-start-request><status-request id=\"1\">show arp</status-request>"
	  "</clear-status-start-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_READ_STORAGE, DISTID, .storage = S("running") },
	  "<arms-message><arms-request type=\"read-storage-start\">" HEAD
	  "<read-storage-start-request><storage>running</storage></read-storage-start-request>"
	  "</arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_PING,
	    DISTID,
	    .address = S("198.51.100.9"),
	    .count = INT(3),
	    .size = INT(64) },
	  "<arms-message><arms-request type=\"ping-start\">" HEAD "<ping-start-request><address>"
	  "198.51.100.9</address><count>3</count><size>64</size></ping-start-request>"
	  "</arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_TRACEROUTE,
	    DISTID,
	    .address = S("198.51.100.9"),
	    .count = INT(3),
	    .max_hop = INT(16) },
	  "<arms-message><arms-request type=\"traceroute-start\">" HEAD
	  "<traceroute-start-request><address>198.51.100.9</address><count>3</count><max-hop>16"
	  "</max-hop></traceroute-start-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_MD_COMMAND, DISTID, .items = one, .item_count = 1 },
	  "<arms-message><arms-request type=\"md-command\">" HEAD "<md-command-request><md-command "
	  "id=\"1\">show arp</md-command></md-command-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_PULL_CONFIG, DISTID, .pull_type = S("LS") },
	  "<arms-message><arms-request type=\"pull-config\">" HEAD "<pull-config-request><type>LS"
	  "</type></pull-config-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_REBOOT, DISTID },
	  "<arms-message><arms-request type=\"reboot\">" HEAD "<reboot-request></reboot-request>"
	  "</arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_READ_STATUS,
	    .is_response = true,
	    .transaction_id = INT(847193002),
	    .code = INT(100),
	    .description = S("ok") },
	  "<arms-message><arms-response type=\"read-status-done\"><transaction-id>847193002"
	  "</transaction-id><result-code>100</result-code><description>ok</description>"
	  "<read-status-done-response></read-status-done-response></arms-response></"
	  "arms-message>" },
	{ { .op = RV_ARMSXML_PUSH_CONFIRMATION,
	    .is_response = true,
	    .transaction_id = INT(1),
	    .code = INT(301) },
	  "<arms-message><arms-response type=\"push-confirmation-start\"><transaction-id>1"
	  "</transaction-id><result-code>301</result-code><description>Server Busy</description>"
	  "<push-confirmation-start-response></push-confirmation-start-response></arms-response>"
	  "</arms-message>" },
};

static void pushes_are_written_as_the_device_wants_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(pushes); i++) {
		struct rv_buf out = { 0 };

		assert_int_equal(rv_armsxml_build_push(&pushes[i].push, &out, NULL), RV_OK);
		if (!rv_str_is(rv_buf_str(&out), pushes[i].text))
			fail_msg("%zu: %.*s", i, RV_STR_ARG(rv_buf_str(&out)));
		rv_buf_deinit(&out);
	}
}

static const struct {
	struct rv_armsxml_push push;
	int err;
	const char *where;
} refused[] = {
	{ { DISTID }, RV_EINVALID, "type" },
	{ { .op = RV_ARMSXML_REBOOT }, RV_EINVALID, "distribution-id" },
	{ { .op = RV_ARMSXML_REBOOT, .distid = S("0001-0000-c0de-0091-0000-0000-00a1-b2c3") },
	  RV_EINVALID,
	  "distribution-id" },
	{ { .op = RV_ARMSXML_REBOOT, .distid = S(ID " ") }, RV_EINVALID, "distribution-id" },
	{ { .op = RV_ARMSXML_REBOOT, DISTID, .transaction_id = INT(1) },
	  RV_EINVALID,
	  "transaction-id" },
	{ { .op = RV_ARMSXML_REBOOT, DISTID, .result_url = S("http://192.0.2.1/") },
	  RV_EINVALID,
	  "result-url[0]" },
	{ { .op = RV_ARMSXML_REBOOT, DISTID, .result_url = S("https://rs.example/") },
	  RV_EINVALID,
	  "result-url[0]" },
	{ { .op = RV_ARMSXML_REBOOT, DISTID, .description = S("\x01") },
	  RV_EINVALID,
	  "description" },
	{ { .op = RV_ARMSXML_PUSH_CONFIRMATION, DISTID }, RV_EINVALID, "transaction-id" },
	{ { .op = RV_ARMSXML_PUSH_CONFIRMATION, DISTID, .transaction_id = INT(0) },
	  RV_EINVALID,
	  "transaction-id" },
	{ { .op = RV_ARMSXML_CONFIGURE, DISTID, .modules = same_ids, .module_count = 2 },
	  RV_EINVALID,
	  "module" },
	{ { .op = RV_ARMSXML_READ_STATUS, DISTID }, RV_EINVALID, "status-request" },
	{ { .op = RV_ARMSXML_CLEAR_STATUS, DISTID }, RV_EINVALID, "status-request" },
	{ { .op = RV_ARMSXML_READ_STATUS, DISTID, .items = no_id, .item_count = 1 },
	  RV_EINVALID,
	  "status-request" },
	{ { .op = RV_ARMSXML_READ_STATUS, DISTID, .items = not_ascii, .item_count = 1 },
	  RV_EINVALID,
	  "status-request[0]" },
	{ { .op = RV_ARMSXML_READ_STORAGE, DISTID }, RV_EINVALID, "storage" },
	{ { .op = RV_ARMSXML_READ_STORAGE, DISTID, .storage = S("run") }, RV_EINVALID, "storage" },
	{ { .op = RV_ARMSXML_PING, DISTID }, RV_EINVALID, "address" },
	{ { .op = RV_ARMSXML_PING, DISTID, .address = S("a"), .count = INT(-1) },
	  RV_EINVALID,
	  "count" },
	{ { .op = RV_ARMSXML_PING, DISTID, .address = S("a"), .size = INT(-1) },
	  RV_EINVALID,
	  "size" },
	{ { .op = RV_ARMSXML_TRACEROUTE, DISTID, .count = INT(1), .max_hop = INT(1) },
	  RV_EINVALID,
	  "address" },
	{ { .op = RV_ARMSXML_TRACEROUTE,
	    DISTID,
	    .address = S("a"),
	    .count = INT(0),
	    .max_hop = INT(1) },
	  RV_EINVALID,
	  "count" },
	{ { .op = RV_ARMSXML_TRACEROUTE, DISTID, .address = S("a"), .count = INT(1) },
	  RV_EINVALID,
	  "max-hop" },
	{ { .op = RV_ARMSXML_TRACEROUTE,
	    DISTID,
	    .address = S("a"),
	    .count = INT(1),
	    .max_hop = INT(257) },
	  RV_EINVALID,
	  "max-hop" },
	{ { .op = RV_ARMSXML_MD_COMMAND, DISTID }, RV_EINVALID, "md-command" },
	{ { .op = RV_ARMSXML_MD_COMMAND, DISTID, .items = two, .item_count = 2 },
	  RV_EINVALID,
	  "md-command" },
	{ { .op = RV_ARMSXML_PULL_CONFIG, DISTID }, RV_EINVALID, "type" },
	{ { .op = RV_ARMSXML_PULL_CONFIG, DISTID, .pull_type = S("ls") }, RV_EINVALID, "type" },
	{ { .op = RV_ARMSXML_MD_COMMAND,
	    .is_response = true,
	    .code = INT(100),
	    .transaction_id = INT(1) },
	  RV_EINVALID,
	  "type" },
	{ { .op = RV_ARMSXML_PING, .is_response = true, .transaction_id = INT(1) },
	  RV_EINVALID,
	  "result-code" },
	{ { .op = RV_ARMSXML_PING,
	    .is_response = true,
	    .code = INT(1000),
	    .transaction_id = INT(1) },
	  RV_EINVALID,
	  "result-code" },
	{ { .op = RV_ARMSXML_PING, .is_response = true, .code = INT(100) },
	  RV_EINVALID,
	  "transaction-id" },
};

static void what_the_original_trips_over_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(refused); i++) {
		struct rv_buf out = { 0 };
		struct rv_diag diag = { 0 };

		assert_int_equal(rv_armsxml_build_push(&refused[i].push, &out, &diag),
				 refused[i].err);
		if (strcmp(diag.where, refused[i].where) != 0)
			fail_msg("%zu: where is %s", i, diag.where);
		assert_int_equal(out.len, 0);
	}
}

static void a_command_is_limited_as_it_is_sent(void **state)
{
	static char text[RV_ARMSXML_COMMAND_MAX + 1];
	static const struct {
		char fill;
		bool is_binary;
		size_t len;
		int err;
	} rows[] = {
		{ 'a', false, RV_ARMSXML_COMMAND_MAX, RV_OK },
		{ 'a', false, RV_ARMSXML_COMMAND_MAX + 1, RV_ELIMIT },
		{ '<', false, RV_ARMSXML_COMMAND_MAX / 4, RV_OK },
		{ '<', false, RV_ARMSXML_COMMAND_MAX / 4 + 1, RV_ELIMIT },
		{ 'a', true, RV_ARMSXML_COMMAND_MAX / 4 * 3, RV_OK },
		{ 'a', true, RV_ARMSXML_COMMAND_MAX / 4 * 3 + 1, RV_ELIMIT },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct rv_armsxml_item item = { .has_id = true,
						.is_binary = rows[i].is_binary,
						.body = { text, rows[i].len } };
		struct rv_armsxml_push push = {
			.op = RV_ARMSXML_MD_COMMAND, DISTID, .items = &item, .item_count = 1
		};

		memset(text, rows[i].fill, sizeof(text));
		assert_int_equal(rv_armsxml_check_push(&push, NULL), rows[i].err);
	}
}

static void a_full_buffer_is_told(void **state)
{
	struct rv_buf out = { .max = 100 };

	(void)state;
	assert_int_equal(rv_armsxml_build_push(&pushes[0].push, &out, NULL), RV_ELIMIT);
	rv_buf_deinit(&out);
}

static struct rv_armsxml_item reports[] = {
	{ .id = 1, .result = INT(100), .body = S("wan0 <up>\xe3") },
	{ .id = 2, .is_binary = true, .result = INT(402), .body = S("\x00\x01\x02\x03\x04") },
	{ .id = 3, .is_binary = true, .result = INT(100), .body = S("") },
};
static struct rv_armsxml_item hops[] = { { .id = 1, .body = S("192.0.2.1 0.7 ms") } };

static const struct {
	struct rv_armsxml_report report;
	const char *text;
} device_says[] = {
	{ { .op = RV_ARMSXML_PUSH_CONFIRMATION,
	    DISTID,
	    .description = S("EdgeBox E1"),
	    .push_method = S("https-simple"),
	    .push_endpoint = S("https://192.0.2.40:10443/") },
	  "<arms-message><arms-request type=\"push-confirmation-start\">" HEAD
	  "<description>EdgeBox E1</description><push-confirmation-start-request><push-method>"
	  "https-simple</push-method><push-endpoint>https://192.0.2.40:10443/</push-endpoint>"
	  "</push-confirmation-start-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_READ_STATUS,
	    DISTID,
	    .code = INT(100),
	    .transaction_id = INT(7),
	    .items = reports,
	    .item_count = 3 },
	  "<arms-message><arms-request type=\"read-status-done\"><transaction-result>100"
	  "</transaction-result>" HEAD
	  "<transaction-id>7</transaction-id><description></description>"
	  "<read-status-done-request><status-report id=\"1\" result=\"100\">wan0 &lt;up&gt;?"
	  "</status-report><status-report id=\"2\" encoding=\"base64\" result=\"402\">AAECAwQ="
	  "</status-report><status-report id=\"3\" encoding=\"base64\" result=\"100\">"
	  "</status-report></read-status-done-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_TRACEROUTE,
	    DISTID,
	    .code = INT(100),
	    .transaction_id = INT(8),
	    .items = hops,
	    .item_count = 1 },
	  "<arms-message><arms-request type=\"traceroute-done\"><transaction-result>100"
	  "</transaction-result>" HEAD
	  "<transaction-id>8</transaction-id><description></description>"
	  "<traceroute-done-request><nodeinfo hop=\"1\">192.0.2.1 0.7 ms</nodeinfo>"
	  "</traceroute-done-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_PING, DISTID, .code = INT(502), .transaction_id = INT(9) },
	  "<arms-message><arms-request type=\"ping-done\"><transaction-result>502"
	  "</transaction-result>" HEAD
	  "<transaction-id>9</transaction-id><description></description>"
	  "<ping-done-request></ping-done-request></arms-request></arms-message>" },
	{ { .op = RV_ARMSXML_GENERIC_ERROR, .is_response = true, .code = INT(202) },
	  "<arms-message><arms-response type=\"generic-error\"><result-code>202</result-code>"
	  "<description>Invalid Message type</description><generic-error-response>"
	  "</generic-error-response></arms-response></arms-message>" },
	{ { .op = RV_ARMSXML_CHECK_TRANSACTION,
	    .is_response = true,
	    .code = INT(100),
	    .transactions = { INT(0), INT(5) },
	    .transaction_count = 2 },
	  "<arms-message><arms-response type=\"check-transaction\"><result-code>100</result-code>"
	  "<description>Success</description><check-transaction-response><transaction-id>0"
	  "</transaction-id><transaction-id>5</transaction-id></check-transaction-response>"
	  "</arms-response></arms-message>" },
};

static void reports_are_written_as_the_original_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(device_says); i++) {
		struct rv_buf out = { 0 };

		rv_armsxml_build_report(&device_says[i].report, &out);
		if (!rv_str_is(rv_buf_str(&out), device_says[i].text))
			fail_msg("%zu: %.*s", i, RV_STR_ARG(rv_buf_str(&out)));
		rv_buf_deinit(&out);
	}
}

static void a_report_in_pieces_is_the_same(void **state)
{
	const struct rv_armsxml_report *report = &device_says[1].report;

	(void)state;
	for (size_t step = 1; step < 6; step++) {
		struct rv_buf out = { 0 };

		rv_armsxml_report_begin(report, &out);
		for (size_t i = 0; i < report->item_count; i++) {
			struct rv_str body = report->items[i].body;
			struct rv_armsxml_item_writer w;

			rv_armsxml_item_begin(&w, report, &report->items[i], &out);
			for (size_t at = 0; at < body.len; at += step)
				rv_armsxml_item_data(&w, rv_str_sub(body, at, step), &out);
			rv_armsxml_item_end(&w, &out);
		}
		rv_armsxml_report_end(report, &out);
		assert_true(rv_str_is(rv_buf_str(&out), device_says[1].text));
		rv_buf_deinit(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_are_written_as_the_device_wants_them),
		cmocka_unit_test(what_the_original_trips_over_is_refused),
		cmocka_unit_test(a_command_is_limited_as_it_is_sent),
		cmocka_unit_test(a_full_buffer_is_told),
		cmocka_unit_test(reports_are_written_as_the_original_does),
		cmocka_unit_test(a_report_in_pieces_is_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
