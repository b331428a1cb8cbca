/* The public header against spec/libarms-api.md: values, layouts and signatures. Most of it is
 * proved by compiling; the same text is compiled as C++ where a compiler is there. */
#include <libarms.h>
#include <libarms_reeve.h>

#include "test_header.h"

#ifndef __cplusplus
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#endif

#define SAME(a, b) RV_STATIC_ASSERT((a) == (b), #a " is " #b)

SAME(ARMS_API_VERSION, 7);
SAME(ARMS_LIB_VERSION_MAJOR, 5);
SAME(ARMS_LIB_VERSION_MINOR, 33);
SAME(ARMS_PROTOCOL_VERSION_MAJOR, 4);
SAME(ARMS_PROTOCOL_VERSION_MINOR, 0);
SAME(ARMS_PROTOCOL_VERSION, 4);
SAME(ARMS_LIBPULL_VERSION, 7);
SAME(ARMS_LIBPULL_VERSION_MAJOR, 5);
SAME(ARMS_LIBPULL_VERSION_MINOR, 33);

SAME(ARMS_MAX_TIMEOUT, 86400);
SAME(ARMS_DEFAULT_TIMEOUT, 21600);
SAME(ARMS_MIN_TIMEOUT, 60);
SAME(ARMS_MAX_LINE, 5);
SAME(ARMS_MAX_PEM_LEN, 5120);
SAME(ARMS_MAX_DESC_LEN, 32);
SAME(ARMS_MAX_VER_LEN, 32);
SAME(ARMS_DISTID_LEN, 16);
SAME(ARMS_WAIT_FOR_SENDING, 30);
SAME(MAX_PPP_ID, 36);
SAME(MAX_PPP_PASS, 36);
SAME(MAX_MOBILE_TEL_LEN, 40);
SAME(MAX_MOBILE_APN_LEN, 100);
SAME(MAX_MOBILE_PDP_LEN, 8);
SAME(MAX_MOBILE_PPP_ID, 128);
SAME(MAX_MOBILE_PPP_PASS, 128);
SAME(MAX_HOP, 256);
SAME(ARMS_TR_STRSIZE, 256);
SAME(MAX_HBT_INFO, 5);
SAME(MAX_HBT_ALGORITHMS, 3);
SAME(MAX_LS_INFO, 5);
SAME(MAX_RS_INFO, 5);

SAME(ARMS_ERR_LVL_MASK, 0xff00);
SAME(ARMS_ERR_CODE_MASK, 0x00ff);
SAME(ARMS_ERR_LVL(0x4fc), 4);
SAME(ARMS_ERR_TYPE(0x4fc), 0xfc);
SAME(ARMS_ERR_CODE(4, 252), 0x4fc);
SAME(_ARMS_ELVL_NOERR, 0);
SAME(_ARMS_ELVL_LOW, 1);
SAME(_ARMS_ELVL_MID, 2);
SAME(_ARMS_ELVL_HIGH, 3);
SAME(_ARMS_ELVL_FATAL, 4);
SAME(_ARMS_EUNDEF, 0);
SAME(_ARMS_EPROTO_MAXRETRY, 101);
SAME(_ARMS_EPROTO_DONTRETRY, 102);
SAME(_ARMS_EPROTO_TIMEOUT, 103);
SAME(_ARMS_EPROTO_REBOOT, 104);
SAME(_ARMS_EPROTO_PULL, 105);
SAME(_ARMS_EPROTO_UPDATE, 106);
SAME(_ARMS_EPROTO_PUSH, 108);
SAME(_ARMS_ELINE_TIMEOUT, 201);
SAME(_ARMS_ELINE_AUTH, 202);
SAME(_ARMS_ELIB_CALLBACK, 251);
SAME(_ARMS_ELIB_INVAL, 252);
SAME(_ARMS_ELIB_SYSTEM, 253);
SAME(_ARMS_ELIB_SIZE, 254);
SAME(_ARMS_ELIB_NOCHANGE, 255);
SAME(_ARMS_ELIB_EXIST, 256);
SAME(_ARMS_EAPP_MODSYNC, 300);
SAME(_ARMS_EAPP_EXEC, 301);
SAME(ARMS_EREBOOT, 104);
SAME(ARMS_EPULL, 105);
SAME(ARMS_EPUSH, 108);
SAME(ARMS_ESIZE, 254);
SAME(ARMS_ENOCHANGE, 255);
SAME(ARMS_EMODSYNC, 300);
SAME(ARMS_EAPPEXEC, 301);
SAME(ARMS_ETIMEOUT, 359);
SAME(ARMS_EMAXRETRY, 613);
SAME(ARMS_EFATAL, 1024);
SAME(ARMS_EDONTRETRY, 1126);
SAME(ARMS_ECALLBACK, 1275);
SAME(ARMS_EINVAL, 1276);
SAME(ARMS_ESYSTEM, 1277);
SAME(ARMS_EEXIST, 1280);

SAME(ARMS_RV_TYPE_ERROR, 0);
SAME(ARMS_RV_TYPE_BYTES, 1);
SAME(ARMS_RV_TYPE_SHIFT(1), 0x01000000);
SAME(ARMS_RV_DATA_MASK(0x01fffffe), 0xfffffe);
SAME(ARMS_RV_TYPE(0x01000005), 1);
SAME(ARMS_RESULT_BYTES(0), 0x01000000);
SAME(ARMS_RESULT_BYTES(0x1000003), 0x01000003);
SAME(ARMS_RESULT_IS_BYTES(ARMS_RESULT_BYTES(9)), 1);
SAME(ARMS_RESULT_IS_BYTES(-1), 0);
SAME(ARMS_RESULT_IS_ERROR(0), 0);
SAME(ARMS_RESULT_IS_ERROR(ARMS_RESULT_BYTES(9)), 0);
SAME(ARMS_RESULT_IS_ERROR(-1), 1);
SAME(ARMS_RESULT_IS_ERROR(ARMS_EFATAL), 1);

SAME(ARMS_ST_INITIAL, 0);
SAME(ARMS_ST_LSPULL, 1);
SAME(ARMS_ST_RSPULL, 2);
SAME(ARMS_ST_PULLDONE, 3);
SAME(ARMS_ST_BOOT_FAIL, 4);
SAME(ARMS_ST_PUSH_INITIAL, 10);
SAME(ARMS_ST_PUSH_SENDREADY, 11);
SAME(ARMS_ST_PUSH_WAIT, 12);
SAME(ARMS_ST_PUSH_ADDTRANS, 13);
SAME(ARMS_ST_PUSH_EXECTRANS, 14);
SAME(ARMS_ST_PUSH_TERM, 15);
SAME(ARMS_ST_PUSH_REBOOT, 16);

SAME(ARMS_LOG_CODE(1, 2, 3), 0x010203);
SAME(ARMS_LOG_OLD_ST(0x010203), 1);
SAME(ARMS_LOG_NEW_ST(0x010203), 2);
SAME(ARMS_LOG_TYPE(0x010203), 3);
SAME(ARMS_LOG_INFO, 0);
SAME(ARMS_LOG_EFALLBACK, 1);
SAME(ARMS_LOG_ILS_ACCESS_START, 2);
SAME(ARMS_LOG_ILS_ACCESS_END, 3);
SAME(ARMS_LOG_IRS_ACCESS_START, 5);
SAME(ARMS_LOG_IRS_ACCESS_END, 6);
SAME(ARMS_LOG_ILS_ACCESS_RETRY, 8);
SAME(ARMS_LOG_IRS_ACCESS_RETRY, 9);
SAME(ARMS_LOG_ILINE_CONNECTED, 21);
SAME(ARMS_LOG_ILINE_DISCONNECTED, 25);
SAME(ARMS_LOG_IHTTP_CONNECT_START, 30);
SAME(ARMS_LOG_IHTTP_CONNECT_END, 31);
SAME(ARMS_LOG_IHTTP_LISTEN_START, 32);
SAME(ARMS_LOG_IHTTP_ACCEPT, 33);
SAME(ARMS_LOG_IHTTP_CLOSE, 34);
SAME(ARMS_LOG_IHTTP_RETRY, 35);
SAME(ARMS_LOG_IHTTP_PROXY_CONNECTED, 36);
SAME(ARMS_LOG_ISSL_CONNECTED, 40);
SAME(ARMS_LOG_ITRANSACTION_RETRY, 50);
SAME(ARMS_LOG_ITUNNEL_CONNECTED, 60);
SAME(ARMS_LOG_ITUNNEL_CLOSED, 61);
SAME(ARMS_LOG_ITUNNEL_RETRY, 62);
SAME(ARMS_LOG_ITUNNEL_READY_TO_PUSH, 63);
SAME(ARMS_LOG_IPROTO_CONFIRM_START, 70);
SAME(ARMS_LOG_IPROTO_CONFIRM_DONE, 71);
SAME(ARMS_LOG_IPROTO_CONFIRM_FAILED, 72);
SAME(ARMS_LOG_IPROTO_CONFIG_COMMIT, 73);
SAME(ARMS_LOG_IPROTO_CONFIG_ROLLBACK, 74);
SAME(ARMS_LOG_IHEARTBEAT_START, 80);
SAME(ARMS_LOG_IHEARTBEAT_STOP, 81);
SAME(ARMS_LOG_IHEARTBEAT_SERVER, 82);
SAME(ARMS_LOG_IPUSH_METHOD_SIMPLE, 90);
SAME(ARMS_LOG_IPUSH_METHOD_TUNNEL, 91);
SAME(ARMS_LOG_IPUSH_ENDPOINT_CHANGED, 92);
SAME(ARMS_LOG_ERROR, 100);
SAME(ARMS_LOG_EURL, 100);
SAME(ARMS_LOG_EHOST, 101);
SAME(ARMS_LOG_ESOCKET, 102);
SAME(ARMS_LOG_ECONNECT, 103);
SAME(ARMS_LOG_ENETNOMEM, 104);
SAME(ARMS_LOG_EHTTP, 105);
SAME(ARMS_LOG_ECERTIFICATE, 106);
SAME(ARMS_LOG_ENETTIMEOUT, 107);
SAME(ARMS_LOG_ECALLBACK, 108);
SAME(ARMS_LOG_ESSL, 109);
SAME(ARMS_LOG_EROLLBACK, 110);
SAME(ARMS_LOG_ERETRY, 111);
SAME(ARMS_LOG_EFATAL, 112);
SAME(ARMS_LOG_EBASE64_DECODE, 113);
SAME(ARMS_LOG_EINITIAL_CONFIG, 114);
SAME(ARMS_LOG_ELINE_AUTH_FAIL, 120);
SAME(ARMS_LOG_ELINE_TIMEOUT, 121);
SAME(ARMS_LOG_ELINE_NOTAVAIL, 122);
SAME(ARMS_LOG_ELS_ACCESS_FAIL, 130);
SAME(ARMS_LOG_ERS_ACCESS_FAIL, 131);
SAME(ARMS_LOG_EHB_NO_ALGORITHM, 132);
SAME(ARMS_LOG_DEBUG, 200);

SAME(ARMS_FRAG_CONTINUE, 0);
SAME(ARMS_FRAG_FIRST, 1);
SAME(ARMS_FRAG_FINISHED, 2);
SAME(ARMS_PULL_STORE_CONFIG, 1);
SAME(ARMS_PUSH_STORE_CONFIG, 2);
SAME(ARMS_PUSH_EXEC_STORED_CONFIG, 3);
SAME(ARMS_PUSH_REVERT_CONFIG, 4);
SAME(ARMS_REMOVE_MODULE, 5);
SAME(ARMS_CONFIG_CANDIDATE, 1);
SAME(ARMS_CONFIG_RUNNING, 2);
SAME(ARMS_CONFIG_BACKUP, 3);
SAME(ARMS_PUSH_CLEAR_STATUS, 1);
SAME(ARMS_PUSH_PING, 2);
SAME(ARMS_PUSH_TRACEROUTE, 3);
SAME(ARMS_PUSH_DUMP_DEBUG, 4);
SAME(ARMS_PUSH_MD_COMMAND, 5);
SAME(ARMS_TRIGGER_CONFIG_ERROR, 1);
SAME(ARMS_TRIGGER_SYNC_FAILED, 2);

SAME(ARMS_PUSH_METHOD_UNKNOWN, 0);
SAME(ARMS_PUSH_METHOD_SIMPLE, 1);
SAME(ARMS_PUSH_METHOD_TUNNEL, 2);
SAME(ARMS_PUSH_METHOD_LAST, 3);
SAME(ARMS_LINE_NONE, 0);
SAME(ARMS_LINE_ANONPPPOE, 1);
SAME(ARMS_LINE_PPPOE, 2);
SAME(ARMS_LINE_DHCP, 3);
SAME(ARMS_LINE_ANONMOBILE, 4);
SAME(ARMS_LINE_MOBILE, 5);
SAME(ARMS_LINE_STATIC, 6);
SAME(ARMS_LINE_RA, 7);
SAME(ARMS_LINE_PPPOE_IPV6, 8);
SAME(ARMS_LINE_ANONPPPOE_IPV6, 9);
SAME(ARMS_LINE_LAST, 10);
SAME(ARMS_LINE_ACT_NONE, 0);
SAME(ARMS_LINE_ACT_CONNECT, 1);
SAME(ARMS_LINE_ACT_DISCONNECT, 2);
SAME(ARMS_LINE_ACT_STATUS, 3);
SAME(ARMS_LINE_ACT_LAST, 4);
SAME(ARMS_LINE_NEEDPOLL, 0);
SAME(ARMS_LINE_CONNECTED, 1);
SAME(ARMS_LINE_DISCONNECTED, 2);
SAME(ARMS_LINE_TIMEOUT, 3);
SAME(ARMS_LINE_AUTHFAIL, 4);
SAME(ARMS_LINE_NOTAVAILABLE, 5);
SAME(ARMS_TUNNEL_INACTIVE, 0);
SAME(ARMS_TUNNEL_ACTIVE, 1);
SAME(ARMS_HB_MOBILE_RUNNING, 0);
SAME(ARMS_HB_MOBILE_NOSIGNAL, 1);
SAME(ARMS_HB_MOBILE_INVALIDDATA, 2);
SAME(ARMS_HB_MOBILE_NODEVICE, 3);
SAME(ARMS_HB_MOBILE_ERROR, 4);

/* Layouts on LP64 (section 14). */
#ifdef __LP64__
SAME(sizeof(distribution_id_t), 24);
SAME(offsetof(distribution_id_t, version), 0);
SAME(offsetof(distribution_id_t, vendor_code), 4);
SAME(offsetof(distribution_id_t, sa_type), 8);
SAME(offsetof(distribution_id_t, sa_code), 16);
SAME(sizeof(arms_callback_tbl_t), 80);
SAME(offsetof(arms_callback_tbl_t, config_cb), 8);
SAME(offsetof(arms_callback_tbl_t, line_ctrl_cb), 16);
SAME(offsetof(arms_callback_tbl_t, state_cb), 24);
SAME(offsetof(arms_callback_tbl_t, log_cb), 32);
SAME(offsetof(arms_callback_tbl_t, read_config_cb), 40);
SAME(offsetof(arms_callback_tbl_t, get_status_cb), 48);
SAME(offsetof(arms_callback_tbl_t, command_cb), 56);
SAME(offsetof(arms_callback_tbl_t, app_event_cb), 64);
SAME(offsetof(arms_callback_tbl_t, hb_store_statistics_cb), 72);
SAME(sizeof(arms_line_desc_t), 16);
SAME(sizeof(arms_line_conf_anonpppoe_t), 4);
SAME(sizeof(arms_line_conf_dhcp_t), 4);
SAME(sizeof(arms_line_conf_anonmobile_t), 4);
SAME(sizeof(arms_line_conf_ra_t), 4);
SAME(sizeof(arms_line_conf_pppoe_t), 76);
SAME(sizeof(arms_line_conf_static_t), 52);
SAME(sizeof(arms_line_conf_mobile_t), 460);
SAME(offsetof(arms_line_conf_mobile_t, telno), 4);
SAME(offsetof(arms_line_conf_mobile_t, cid), 44);
SAME(offsetof(arms_line_conf_mobile_t, apn), 48);
SAME(offsetof(arms_line_conf_mobile_t, pdp), 148);
SAME(offsetof(arms_line_conf_mobile_t, id), 156);
SAME(offsetof(arms_line_conf_mobile_t, pass), 284);
SAME(offsetof(arms_line_conf_mobile_t, ipaddr), 412);
SAME(sizeof(arms_hbt_info_t), 56);
SAME(sizeof(arms_rs_info_t), 8);
SAME(sizeof(arms_url_t), 8);
SAME(sizeof(arms_connection_info_t), 140);
SAME(offsetof(arms_connection_info_t, un), 8);
SAME(sizeof(arms_ping_arg_t), 16);
SAME(sizeof(arms_ping_report_t), 8);
SAME(sizeof(arms_traceroute_arg_t), 16);
SAME(sizeof(arms_traceroute_info_t), 260);
#endif

/* Positional initialisers: what programs write, in the order in which they write it. */
static int config(uint32_t id, const char *version, const char *info, int action, const char *buff,
		  size_t len, int next, void *udata)
{
	(void)version, (void)info, (void)buff, (void)len, (void)next, (void)udata;
	return (int)id + action;
}
static int line(int action, int type, void *conf, void *udata)
{
	(void)conf, (void)udata;
	return action + type;
}
static int pair(int a, int b, void *udata)
{
	(void)udata;
	return a + b;
}
static int note(int code, const char *text, void *udata)
{
	(void)text, (void)udata;
	return code;
}
static int read_config(uint32_t id, int type, char *buff, size_t len, int *next, void *udata)
{
	(void)buff, (void)len, (void)next, (void)udata;
	return (int)id + type;
}
static int status(uint32_t id, const char *in, size_t in_len, char *buff, size_t len, int *next,
		  void *udata)
{
	(void)in, (void)in_len, (void)buff, (void)len, (void)next, (void)udata;
	return (int)id;
}
static int command(uint32_t id, int action, const char *in, size_t in_len, char *buff, size_t len,
		   int *next, void *udata)
{
	(void)in, (void)in_len, (void)buff, (void)len, (void)next, (void)udata;
	return (int)id + action;
}
static int app_event(void *udata)
{
	(void)udata;
	return 0;
}
static int statistics(arms_context_t *ctx, void *udata)
{
	(void)ctx, (void)udata;
	return 0;
}

static arms_callback_tbl_t table = { ARMS_API_VERSION, config, line,    pair,      note,
				     read_config,      status, command, app_event, statistics };
static distribution_id_t id = { 1, 0xc0de, 0x91, 0xa1b2c3 };
static arms_line_conf_pppoe_t pppoe = { 2, "user", "pass" };
static arms_line_conf_mobile_t mobile = { 3, "tel", 1, "apn", "ip", "id", "pass", "192.0.2.1" };
static arms_line_conf_static_t fixed = { 4, "192.0.2.2" };
static arms_line_desc_t lines[] = { { ARMS_LINE_PPPOE, &pppoe },
				    { ARMS_LINE_MOBILE, &mobile },
				    { ARMS_LINE_STATIC, &fixed },
				    { ARMS_LINE_NONE, NULL } };
static arms_ping_arg_t ping = { "192.0.2.3", 3, 64 };
static arms_ping_report_t report = { 2, 1 };
static arms_traceroute_arg_t trace = { "192.0.2.4", 3, 16 };
static arms_traceroute_info_t hop = { 1, "192.0.2.5" };

/* Every function with its exact type, in the order of the API document. */
static const struct {
	int (*init)(distribution_id_t *, arms_context_t **);
	int (*load_config)(arms_context_t *, const char *, size_t);
	int (*text[2])(arms_context_t *, const char *);
	int (*description)(arms_context_t *, const char *, const char *);
	int (*trigger)(arms_context_t *, int);
	int (*proxy)(arms_context_t *, const char *);
	void (*quit[3])(arms_context_t *);
	int (*pull)(arms_context_t *, time_t, size_t, arms_callback_tbl_t *, arms_line_desc_t *,
		    void *);
	int (*query)(arms_context_t *, arms_callback_tbl_t *, void *);
	int (*loop)(arms_context_t *, int, size_t, arms_callback_tbl_t *, void *);
	size_t (*state_size)(void);
	int (*dump)(arms_context_t *, char *, size_t);
	int (*restore)(arms_context_t *, const char *, size_t);
	int (*hbtinfo)(arms_context_t *, arms_hbt_info_t *, int);
	int (*rsinfo)(arms_context_t *, arms_rs_info_t *, int);
	int (*urls[3])(arms_context_t *, arms_url_t *, int);
	int (*ctx_only[3])(arms_context_t *);
	int (*connection)(arms_context_t *, arms_connection_info_t *, int);
	const struct timeval *(*get_interval)(arms_context_t *);
	int (*set_interval)(arms_context_t *, const struct timeval *);
	int (*cpu)(arms_context_t *, uint16_t, uint8_t);
	int (*cpu_detail)(arms_context_t *, uint16_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t);
	int (*usage[2])(arms_context_t *, uint16_t, uint64_t, uint64_t);
	int (*traffic[2])(arms_context_t *, uint16_t, uint64_t, uint64_t, uint64_t, uint64_t,
			  uint64_t, uint64_t);
	int (*radio)(arms_context_t *, uint16_t, uint8_t, uint8_t, uint8_t, uint8_t);
	int (*version[4])(void);
	const char *(*version_string)(void);
	int (*tls[2])(arms_context_t *, int);
	int (*own_text[2])(arms_context_t *, const char *);
} api = {
	arms_init,
	arms_load_config,
	{ arms_register_cert, arms_register_authkey },
	arms_register_description,
	arms_set_pull_trigger,
	arms_set_https_proxy,
	{ arms_end, arms_hb_start, arms_hb_stop },
	arms_pull,
	arms_push_method_query,
	arms_event_loop,
	arms_size_of_state,
	arms_dump_state,
	arms_restore_state,
	arms_get_hbtinfo,
	arms_get_rsinfo,
	{ arms_get_ls_url, arms_get_rs_url, arms_get_rs_tunnel_url },
	{ arms_get_proposed_push_port, arms_get_proposed_push_timeout, arms_hb_is_running },
	arms_get_connection_info,
	arms_get_app_event_interval,
	arms_set_app_event_interval,
	arms_hb_set_cpu_usage,
	arms_hb_set_cpu_detail_usage,
	{ arms_hb_set_mem_usage, arms_hb_set_disk_usage },
	{ arms_hb_set_traffic_count, arms_hb_set_traffic_rate },
	arms_hb_set_radiowave,
	{ arms_library_ver_major, arms_library_ver_minor, arms_protocol_ver_major,
	  arms_protocol_ver_minor },
	arms_library_ver_string,
	{ arms_set_tls_min_version, arms_set_tls_only },
	{ arms_set_source_address, arms_set_pull_reason },
};

int rv_header_sum(void)
{
	return table.version + id.version + pppoe.ifindex + mobile.cid + fixed.ifindex +
	       lines[0].type + ping.count + report.success + trace.maxhop + hop.hop +
	       table.state_cb(1, 2, NULL) + api.version[0]();
}

#ifndef __cplusplus
static void version_functions_tell_the_header_s_numbers(void **state)
{
	(void)state;
	assert_int_equal(arms_library_ver_major(), 5);
	assert_int_equal(arms_library_ver_minor(), 33);
	assert_int_equal(arms_protocol_ver_major(), 4);
	assert_int_equal(arms_protocol_ver_minor(), 0);
	assert_string_equal(arms_library_ver_string(), "5.33 (Release)");
	assert_string_equal(ARMS_LIB_VERSION_DESC, "Release");
	assert_string_equal(ARMS_LIBPULL_VERSION_DESC, "Release");
}

static void positional_initialisers_reach_their_members(void **state)
{
	(void)state;
	assert_int_equal(rv_header_sum(),
			 7 + 1 + 2 + 1 + 4 + ARMS_LINE_PPPOE + 3 + 2 + 16 + 1 + 3 + 5);
	assert_string_equal(mobile.ipaddr, "192.0.2.1");
	assert_string_equal(mobile.pdp, "ip");
	assert_true(table.hb_store_statistics_cb == statistics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_functions_tell_the_header_s_numbers),
		cmocka_unit_test(positional_initialisers_reach_their_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
