/* libarms.h - the device side of SMFv2: pull a configuration, wait for pushes.
 *
 * Source-compatible with libarms 5.33 (API version 7): names, values, member order and
 * semantics are those of the original; man page libarms(3) describes every function.
 * Extensions of this implementation are in libarms_reeve.h, never here.
 *
 * Threads: a context belongs to one thread at a time. The blocking calls (arms_pull,
 * arms_push_method_query, arms_event_loop) invoke all callbacks in the calling thread, with
 * the program's `udata` last. From inside a callback only these may be called: arms_load_config,
 * arms_register_*, arms_set_pull_trigger, arms_get_*, arms_set_app_event_interval, arms_hb_*,
 * arms_size_of_state and the version functions; arms_set_https_proxy from the line callback only.
 *
 * Results: 0 is success; codes are (level << 8 | type). Functions that answer -1 say so.
 * Nothing is ever written to a file; keys and configs are wiped by arms_end.
 */
#ifndef ARMS_LIBARMS_H
#define ARMS_LIBARMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions ---------------------------------------------------------------------------- */

#define ARMS_API_VERSION            7 /* for arms_callback_tbl_t.version */
#define ARMS_LIB_VERSION_MAJOR      5
#define ARMS_LIB_VERSION_MINOR      33
#define ARMS_LIB_VERSION_DESC       "Release"
#define ARMS_PROTOCOL_VERSION_MAJOR 4
#define ARMS_PROTOCOL_VERSION_MINOR 0
#define ARMS_PROTOCOL_VERSION       ARMS_PROTOCOL_VERSION_MAJOR

#define ARMS_LIBPULL_VERSION       ARMS_API_VERSION
#define ARMS_LIBPULL_VERSION_MAJOR ARMS_LIB_VERSION_MAJOR
#define ARMS_LIBPULL_VERSION_MINOR ARMS_LIB_VERSION_MINOR
#define ARMS_LIBPULL_VERSION_DESC  ARMS_LIB_VERSION_DESC

/* ---- Limits ------------------------------------------------------------------------------ */

#define ARMS_MAX_TIMEOUT      (24 * 60 * 60) /* s, whole pull */
#define ARMS_DEFAULT_TIMEOUT  (6 * 60 * 60)
#define ARMS_MIN_TIMEOUT      60
#define ARMS_MAX_LINE         5
#define ARMS_MAX_PEM_LEN      (5 * 1024) /* bytes, final NUL included */
#define ARMS_MAX_DESC_LEN     32
#define ARMS_MAX_VER_LEN      32
#define ARMS_DISTID_LEN       16
#define ARMS_WAIT_FOR_SENDING 30

#define MAX_PPP_ID          36 /* array sizes, final NUL included */
#define MAX_PPP_PASS        36
#define MAX_MOBILE_TEL_LEN  40
#define MAX_MOBILE_APN_LEN  100
#define MAX_MOBILE_PDP_LEN  8
#define MAX_MOBILE_PPP_ID   128
#define MAX_MOBILE_PPP_PASS 128
#define MAX_HOP             256
#define ARMS_TR_STRSIZE     256

#define MAX_HBT_INFO       5
#define MAX_HBT_ALGORITHMS 3
#define MAX_LS_INFO        5
#define MAX_RS_INFO        5

/* ---- Return codes ------------------------------------------------------------------------ */

#define ARMS_ERR_LVL_MASK        0xff00
#define ARMS_ERR_CODE_MASK       0x00ff
#define ARMS_ERR_LVL(c)          (((c)&ARMS_ERR_LVL_MASK) >> 8)
#define ARMS_ERR_TYPE(c)         ((c)&ARMS_ERR_CODE_MASK)
#define ARMS_ERR_CODE(lvl, type) (((lvl) << 8) | (type))

#define _ARMS_ELVL_NOERR 0
#define _ARMS_ELVL_LOW   1
#define _ARMS_ELVL_MID   2
#define _ARMS_ELVL_HIGH  3
#define _ARMS_ELVL_FATAL 4

#define _ARMS_EUNDEF           0
#define _ARMS_EPROTO_MAXRETRY  101
#define _ARMS_EPROTO_DONTRETRY 102
#define _ARMS_EPROTO_TIMEOUT   103
#define _ARMS_EPROTO_REBOOT    104
#define _ARMS_EPROTO_PULL      105
#define _ARMS_EPROTO_UPDATE    106
#define _ARMS_EPROTO_PUSH      108
#define _ARMS_ELINE_TIMEOUT    201
#define _ARMS_ELINE_AUTH       202
#define _ARMS_ELIB_CALLBACK    251
#define _ARMS_ELIB_INVAL       252
#define _ARMS_ELIB_SYSTEM      253
#define _ARMS_ELIB_SIZE        254
#define _ARMS_ELIB_NOCHANGE    255
#define _ARMS_ELIB_EXIST       256 /* types from here on reach into the level bits: */
#define _ARMS_EAPP_MODSYNC     300 /* compare whole codes only */
#define _ARMS_EAPP_EXEC        301

#define ARMS_EREBOOT    ARMS_ERR_CODE(_ARMS_ELVL_NOERR, _ARMS_EPROTO_REBOOT)
#define ARMS_EPULL      ARMS_ERR_CODE(_ARMS_ELVL_NOERR, _ARMS_EPROTO_PULL)
#define ARMS_EPUSH      ARMS_ERR_CODE(_ARMS_ELVL_NOERR, _ARMS_EPROTO_PUSH)
#define ARMS_ESIZE      ARMS_ERR_CODE(_ARMS_ELVL_NOERR, _ARMS_ELIB_SIZE)
#define ARMS_ENOCHANGE  ARMS_ERR_CODE(_ARMS_ELVL_NOERR, _ARMS_ELIB_NOCHANGE)
#define ARMS_EMODSYNC   ARMS_ERR_CODE(_ARMS_ELVL_NOERR, _ARMS_EAPP_MODSYNC)
#define ARMS_EAPPEXEC   ARMS_ERR_CODE(_ARMS_ELVL_NOERR, _ARMS_EAPP_EXEC)
#define ARMS_ETIMEOUT   ARMS_ERR_CODE(_ARMS_ELVL_LOW, _ARMS_EPROTO_TIMEOUT)
#define ARMS_EMAXRETRY  ARMS_ERR_CODE(_ARMS_ELVL_MID, _ARMS_EPROTO_MAXRETRY)
#define ARMS_EFATAL     ARMS_ERR_CODE(_ARMS_ELVL_FATAL, _ARMS_EUNDEF)
#define ARMS_EDONTRETRY ARMS_ERR_CODE(_ARMS_ELVL_FATAL, _ARMS_EPROTO_DONTRETRY)
#define ARMS_ECALLBACK  ARMS_ERR_CODE(_ARMS_ELVL_FATAL, _ARMS_ELIB_CALLBACK)
#define ARMS_EINVAL     ARMS_ERR_CODE(_ARMS_ELVL_FATAL, _ARMS_ELIB_INVAL)
#define ARMS_ESYSTEM    ARMS_ERR_CODE(_ARMS_ELVL_FATAL, _ARMS_ELIB_SYSTEM)
#define ARMS_EEXIST     ARMS_ERR_CODE(_ARMS_ELVL_FATAL, _ARMS_ELIB_EXIST)

/* A callback that fills a result buffer returns 0 for text, ARMS_RESULT_BYTES(n) for n bytes of
 * binary data, anything else for failure. */
#define ARMS_RV_TYPE_ERROR       0
#define ARMS_RV_TYPE_BYTES       1
#define ARMS_RV_TYPE_SHIFT(t)    ((t) << 24)
#define ARMS_RV_DATA_MASK(rv)    ((rv)&0x00ffffff)
#define ARMS_RV_TYPE(rv)         (((rv) >> 24) & 0xff)
#define ARMS_RESULT_BYTES(n)     (ARMS_RV_TYPE_SHIFT(ARMS_RV_TYPE_BYTES) | ARMS_RV_DATA_MASK(n))
#define ARMS_RESULT_IS_BYTES(rv) (ARMS_RV_TYPE(rv) == ARMS_RV_TYPE_BYTES)
#define ARMS_RESULT_IS_ERROR(rv) ((rv) != 0 && !ARMS_RESULT_IS_BYTES(rv))

/* ---- States, as the state callback sees them --------------------------------------------- */

#define ARMS_ST_INITIAL        0
#define ARMS_ST_LSPULL         1
#define ARMS_ST_RSPULL         2
#define ARMS_ST_PULLDONE       3
#define ARMS_ST_BOOT_FAIL      4
#define ARMS_ST_PUSH_INITIAL   10
#define ARMS_ST_PUSH_SENDREADY 11
#define ARMS_ST_PUSH_WAIT      12
#define ARMS_ST_PUSH_ADDTRANS  13
#define ARMS_ST_PUSH_EXECTRANS 14
#define ARMS_ST_PUSH_TERM      15
#define ARMS_ST_PUSH_REBOOT    16

/* ---- Log codes --------------------------------------------------------------------------- */

#define ARMS_LOG_OLD_ST_MASK                0xff0000
#define ARMS_LOG_NEW_ST_MASK                0x00ff00
#define ARMS_LOG_TYPE_MASK                  0x0000ff
#define ARMS_LOG_OLD_ST(c)                  (((c)&ARMS_LOG_OLD_ST_MASK) >> 16)
#define ARMS_LOG_NEW_ST(c)                  (((c)&ARMS_LOG_NEW_ST_MASK) >> 8)
#define ARMS_LOG_TYPE(c)                    ((c)&ARMS_LOG_TYPE_MASK)
#define ARMS_LOG_CODE(old_st, new_st, type) (((old_st) << 16) | ((new_st) << 8) | (type))

#define ARMS_LOG_INFO                   0
#define ARMS_LOG_EFALLBACK              1
#define ARMS_LOG_ILS_ACCESS_START       2
#define ARMS_LOG_ILS_ACCESS_END         3
#define ARMS_LOG_IRS_ACCESS_START       5
#define ARMS_LOG_IRS_ACCESS_END         6
#define ARMS_LOG_ILS_ACCESS_RETRY       8
#define ARMS_LOG_IRS_ACCESS_RETRY       9
#define ARMS_LOG_ILINE_CONNECTED        21
#define ARMS_LOG_ILINE_DISCONNECTED     25
#define ARMS_LOG_IHTTP_CONNECT_START    30
#define ARMS_LOG_IHTTP_CONNECT_END      31
#define ARMS_LOG_IHTTP_LISTEN_START     32
#define ARMS_LOG_IHTTP_ACCEPT           33
#define ARMS_LOG_IHTTP_CLOSE            34
#define ARMS_LOG_IHTTP_RETRY            35
#define ARMS_LOG_IHTTP_PROXY_CONNECTED  36
#define ARMS_LOG_ISSL_CONNECTED         40
#define ARMS_LOG_ITRANSACTION_RETRY     50
#define ARMS_LOG_ITUNNEL_CONNECTED      60
#define ARMS_LOG_ITUNNEL_CLOSED         61
#define ARMS_LOG_ITUNNEL_RETRY          62
#define ARMS_LOG_ITUNNEL_READY_TO_PUSH  63
#define ARMS_LOG_IPROTO_CONFIRM_START   70
#define ARMS_LOG_IPROTO_CONFIRM_DONE    71
#define ARMS_LOG_IPROTO_CONFIRM_FAILED  72
#define ARMS_LOG_IPROTO_CONFIG_COMMIT   73
#define ARMS_LOG_IPROTO_CONFIG_ROLLBACK 74
#define ARMS_LOG_IHEARTBEAT_START       80
#define ARMS_LOG_IHEARTBEAT_STOP        81
#define ARMS_LOG_IHEARTBEAT_SERVER      82
#define ARMS_LOG_IPUSH_METHOD_SIMPLE    90
#define ARMS_LOG_IPUSH_METHOD_TUNNEL    91
#define ARMS_LOG_IPUSH_ENDPOINT_CHANGED 92
#define ARMS_LOG_ERROR                  100
#define ARMS_LOG_EURL                   100
#define ARMS_LOG_EHOST                  101
#define ARMS_LOG_ESOCKET                102
#define ARMS_LOG_ECONNECT               103
#define ARMS_LOG_ENETNOMEM              104
#define ARMS_LOG_EHTTP                  105
#define ARMS_LOG_ECERTIFICATE           106
#define ARMS_LOG_ENETTIMEOUT            107
#define ARMS_LOG_ECALLBACK              108
#define ARMS_LOG_ESSL                   109
#define ARMS_LOG_EROLLBACK              110
#define ARMS_LOG_ERETRY                 111
#define ARMS_LOG_EFATAL                 112
#define ARMS_LOG_EBASE64_DECODE         113
#define ARMS_LOG_EINITIAL_CONFIG        114
#define ARMS_LOG_ELINE_AUTH_FAIL        120
#define ARMS_LOG_ELINE_TIMEOUT          121
#define ARMS_LOG_ELINE_NOTAVAIL         122
#define ARMS_LOG_ELS_ACCESS_FAIL        130
#define ARMS_LOG_ERS_ACCESS_FAIL        131
#define ARMS_LOG_EHB_NO_ALGORITHM       132
#define ARMS_LOG_DEBUG                  200

/* ---- Other constants --------------------------------------------------------------------- */

#define ARMS_FRAG_CONTINUE 0 /* bits of `next` */
#define ARMS_FRAG_FIRST    1
#define ARMS_FRAG_FINISHED 2

#define ARMS_PULL_STORE_CONFIG       1 /* action of the config callback */
#define ARMS_PUSH_STORE_CONFIG       2
#define ARMS_PUSH_EXEC_STORED_CONFIG 3
#define ARMS_PUSH_REVERT_CONFIG      4
#define ARMS_REMOVE_MODULE           5

#define ARMS_CONFIG_CANDIDATE 1 /* type of the read-config callback */
#define ARMS_CONFIG_RUNNING   2
#define ARMS_CONFIG_BACKUP    3

#define ARMS_PUSH_CLEAR_STATUS 1 /* action of the command callback */
#define ARMS_PUSH_PING         2
#define ARMS_PUSH_TRACEROUTE   3
#define ARMS_PUSH_DUMP_DEBUG   4
#define ARMS_PUSH_MD_COMMAND   5

#define ARMS_TRIGGER_CONFIG_ERROR 1 /* for arms_set_pull_trigger */
#define ARMS_TRIGGER_SYNC_FAILED  2

enum arms_push_method_type {
	ARMS_PUSH_METHOD_UNKNOWN = 0,
	ARMS_PUSH_METHOD_SIMPLE = 1,
	ARMS_PUSH_METHOD_TUNNEL = 2,
	ARMS_PUSH_METHOD_LAST = 3
};

enum arms_line_types {
	ARMS_LINE_NONE = 0,
	ARMS_LINE_ANONPPPOE = 1,
	ARMS_LINE_PPPOE = 2,
	ARMS_LINE_DHCP = 3,
	ARMS_LINE_ANONMOBILE = 4,
	ARMS_LINE_MOBILE = 5,
	ARMS_LINE_STATIC = 6,
	ARMS_LINE_RA = 7,
	ARMS_LINE_PPPOE_IPV6 = 8,
	ARMS_LINE_ANONPPPOE_IPV6 = 9,
	ARMS_LINE_LAST = 10
};

enum arms_line_actions {
	ARMS_LINE_ACT_NONE = 0,
	ARMS_LINE_ACT_CONNECT = 1,
	ARMS_LINE_ACT_DISCONNECT = 2,
	ARMS_LINE_ACT_STATUS = 3,
	ARMS_LINE_ACT_LAST = 4
};

enum arms_line_result {
	ARMS_LINE_NEEDPOLL = 0,
	ARMS_LINE_CONNECTED = 1,
	ARMS_LINE_DISCONNECTED = 2,
	ARMS_LINE_TIMEOUT = 3,
	ARMS_LINE_AUTHFAIL = 4,
	ARMS_LINE_NOTAVAILABLE = 5
};

enum arms_tunnel_status { ARMS_TUNNEL_INACTIVE = 0, ARMS_TUNNEL_ACTIVE = 1 };

enum arms_hb_mobile_status {
	ARMS_HB_MOBILE_RUNNING = 0,
	ARMS_HB_MOBILE_NOSIGNAL = 1,
	ARMS_HB_MOBILE_INVALIDDATA = 2,
	ARMS_HB_MOBILE_NODEVICE = 3,
	ARMS_HB_MOBILE_ERROR = 4
};

/* ---- Structures (member order is part of the interface) ---------------------------------- */

typedef struct arms_context arms_context_t; /* opaque */

typedef struct arms_distribution_id { /* host byte order: not the 16-byte wire form */
	uint16_t version;
	uint32_t vendor_code;
	uint16_t sa_type;
	uint64_t sa_code;
} distribution_id_t;

/* Lines: ifindex is opaque to the library and always first; strings end with NUL. */
typedef struct arms_line_conf_anonpppoe {
	int ifindex;
} arms_line_conf_anonpppoe_t;

typedef struct arms_line_conf_pppoe {
	int ifindex;
	char id[MAX_PPP_ID];
	char pass[MAX_PPP_PASS];
} arms_line_conf_pppoe_t;

typedef struct arms_line_conf_dhcp {
	int ifindex;
} arms_line_conf_dhcp_t;

typedef struct arms_line_conf_anonmobile {
	int ifindex;
} arms_line_conf_anonmobile_t;

typedef struct arms_line_conf_mobile {
	int ifindex;
	char telno[MAX_MOBILE_TEL_LEN];
	int cid;
	char apn[MAX_MOBILE_APN_LEN];
	char pdp[MAX_MOBILE_PDP_LEN];
	char id[MAX_MOBILE_PPP_ID];
	char pass[MAX_MOBILE_PPP_PASS];
	char ipaddr[48];
} arms_line_conf_mobile_t;

typedef struct arms_line_conf_static {
	int ifindex;
	char ipaddr[48];
} arms_line_conf_static_t;

typedef struct arms_line_conf_ra {
	int ifindex;
} arms_line_conf_ra_t;

typedef struct arms_line_description {
	int type; /* enum arms_line_types; ARMS_LINE_NONE ends a list */
	void *line_conf;
} arms_line_desc_t;

typedef struct arms_ping_arg {
	const char *dst;
	int count;
	int size;
} arms_ping_arg_t;

typedef struct arms_ping_report {
	int success;
	int failure;
} arms_ping_report_t;

typedef struct arms_traceroute_arg {
	const char *addr;
	int count;
	int maxhop;
} arms_traceroute_arg_t;

typedef struct arms_traceroute_info {
	int hop;
	char addr[ARMS_TR_STRSIZE];
} arms_traceroute_info_t;

/* Pointers in these belong to the library: valid until the next pull, query or arms_end. */
typedef struct arms_hbt_info {
	const char *host;
	int port;
	const char *passphrase;
	int interval;
	int numalg;
	const char *algorithm[MAX_HBT_ALGORITHMS];
} arms_hbt_info_t;

typedef struct arms_rs_info {
	const char *host;
} arms_rs_info_t;

typedef struct arms_url {
	const char *url;
} arms_url_t;

typedef struct arms_connection_info {
	int method; /* enum arms_push_method_type; UNKNOWN outside the event loop */
	int af;     /* AF_INET, AF_INET6 */
	union {
		struct {
			char sa_address[128]; /* the push endpoint URL */
			int sa_port;
		} simple_info;
		int tunnel_info[MAX_RS_INFO]; /* enum arms_tunnel_status */
	} un;
} arms_connection_info_t;

/* ---- Callbacks --------------------------------------------------------------------------- */

typedef int (*arms_config_cb_t)(uint32_t id, const char *version, const char *infostring,
				int action, const char *buff, size_t buff_len, int next,
				void *udata);
typedef int (*arms_line_ctrl_cb_t)(int line_action, int line_type, void *line_conf, void *udata);
typedef int (*arms_state_cb_t)(int old_state, int new_state, void *udata);
typedef int (*arms_log_cb_t)(int log_code, const char *str, void *udata);
typedef int (*arms_read_config_cb_t)(uint32_t id, int type, char *result_buff, size_t result_len,
				     int *next, void *udata);
typedef int (*arms_get_status_cb_t)(uint32_t id, const char *buff, size_t buff_len,
				    char *result_buff, size_t result_len, int *next, void *udata);
typedef int (*arms_command_cb_t)(uint32_t id, int action, const char *buff, size_t buff_len,
				 char *result_buff, size_t result_len, int *next, void *udata);
typedef int (*arms_app_event_cb_t)(void *udata);
typedef int (*arms_hb_store_statistics_t)(arms_context_t *ctx, void *udata);

typedef struct arms_callback_tbl {
	int version; /* ARMS_API_VERSION */
	arms_config_cb_t config_cb;
	arms_line_ctrl_cb_t line_ctrl_cb;
	arms_state_cb_t state_cb;
	arms_log_cb_t log_cb;
	arms_read_config_cb_t read_config_cb;
	arms_get_status_cb_t get_status_cb;
	arms_command_cb_t command_cb;
	arms_app_event_cb_t app_event_cb;
	arms_hb_store_statistics_t hb_store_statistics_cb;
} arms_callback_tbl_t;

/* ---- Set-up and shutdown ----------------------------------------------------------------- */

/* A context with LS retry 1500 x 60 s, event interval 60 s and no LS address: arms_load_config
 * is what brings those. 0; EINVAL (NULL); EFATAL (memory). */
int arms_init(distribution_id_t *distid, arms_context_t **ctx);
/* Initial-Config, plain text of `len` bytes (a final NUL may be counted or not).
 * 0; EFATAL (ctx NULL); EINVAL (text wrong; the reason goes to the log callback of a running
 * pull, if any). On failure nothing changes. */
int arms_load_config(arms_context_t *ctx, const char *encrypted_config, size_t len);
/* Root certificate of the LS, PEM, below ARMS_MAX_PEM_LEN. 0; EFATAL (ctx NULL); EINVAL. */
int arms_register_cert(arms_context_t *ctx, const char *root_ca_cert);
/* LS-SA key, at most 64 bytes. 0; EINVAL. */
int arms_register_authkey(arms_context_t *ctx, const char *key);
/* At most 32 characters each; NULL leaves a value alone. 0; EFATAL (ctx NULL); EINVAL. */
int arms_register_description(arms_context_t *ctx, const char *description, const char *version);
/* Reason sent with the next pull: ARMS_TRIGGER_*. 0; -1. */
int arms_set_pull_trigger(arms_context_t *ctx, int trigger);
/* Web proxy "http://192.0.2.1:3128" for later connections, NULL = none. 0; -1 (nothing changes).
 * Ours: "http://user:pass@192.0.2.1:3128", percent-encoded; see libarms(3). */
int arms_set_https_proxy(arms_context_t *ctx, const char *proxy_url);
/* Removes every module through the config callback, wipes and frees all. NULL allowed. */
void arms_end(arms_context_t *ctx);

/* ---- Pull, query, event loop -------------------------------------------------------------- */

/* timeout: s, 0 = default. fragment: most bytes per config callback, 0 = whole configs. lines: LS
 * lines in order of preference, ended by ARMS_LINE_NONE. 0; EINVAL; ETIMEOUT; EMAXRETRY;
 * EDONTRETRY; ECALLBACK; EREBOOT; EPULL; ESYSTEM (no LS known); EFATAL (memory). */
int arms_pull(arms_context_t *ctx, time_t timeout, size_t fragment, arms_callback_tbl_t *cb_tbl,
	      arms_line_desc_t *lines, void *udata);
/* cb_tbl must not be NULL but the table of arms_pull stays in force.
 * 0; EINVAL; ESYSTEM (no RS URL); EPULL; EREBOOT; EDONTRETRY; EFATAL (memory). */
int arms_push_method_query(arms_context_t *ctx, arms_callback_tbl_t *cb_tbl, void *udata);
/* This version has no push transport yet: whatever methods the RS listed count as "no method
 * left". Programs of an API before 5 get the query from here, and its codes.
 * Never 0: EPULL; EINVAL (NULL, port outside 0..65535). See README, "state of push". */
int arms_event_loop(arms_context_t *ctx, int port, size_t fragment, arms_callback_tbl_t *cb_tbl,
		    void *udata);

/* ---- State cache (restoring makes the next pull skip the LS) ------------------------------- */

size_t arms_size_of_state(void);
/* Holds keys and passwords: store it as such. 0; ESIZE; EFATAL (NULL). */
int arms_dump_state(arms_context_t *ctx, char *state, size_t size);
/* 0; ESIZE; EINVAL (NULL, not ours, other version, damaged). On failure nothing changes. */
int arms_restore_state(arms_context_t *ctx, const char *state, size_t size);

/* ---- Information. Entries the library holds, -1 for NULL or a size below one element ------- */

int arms_get_hbtinfo(arms_context_t *ctx, arms_hbt_info_t *info, int size);
int arms_get_rsinfo(arms_context_t *ctx, arms_rs_info_t *rsp, int size);
int arms_get_ls_url(arms_context_t *ctx, arms_url_t *urlp, int size);
int arms_get_rs_url(arms_context_t *ctx, arms_url_t *urlp, int size);
int arms_get_rs_tunnel_url(arms_context_t *ctx, arms_url_t *urlp, int size);
int arms_get_proposed_push_port(arms_context_t *ctx);    /* 0 = none */
int arms_get_proposed_push_timeout(arms_context_t *ctx); /* s, 0 = none */
/* 0; -1. size must be exactly the structure's. */
int arms_get_connection_info(arms_context_t *ctx, arms_connection_info_t *info, int size);

/* ---- Application event: every interval, 0.1 to 600 s, during the event loop --------------- */

const struct timeval *arms_get_app_event_interval(arms_context_t *ctx); /* NULL if ctx is */
int arms_set_app_event_interval(arms_context_t *ctx, const struct timeval *timo); /* 0; -1 */

/* ---- Heartbeat: setters return 0; EFATAL (ctx NULL); ESIZE (packet full); EEXIST ----------- */

void arms_hb_start(arms_context_t *ctx);
void arms_hb_stop(arms_context_t *ctx);
int arms_hb_is_running(arms_context_t *ctx);
int arms_hb_set_cpu_usage(arms_context_t *ctx, uint16_t idx, uint8_t utilization);
int arms_hb_set_cpu_detail_usage(arms_context_t *ctx, uint16_t idx, uint8_t idle, uint8_t interrupt,
				 uint8_t user, uint8_t sys, uint8_t other);
int arms_hb_set_mem_usage(arms_context_t *ctx, uint16_t idx, uint64_t used, uint64_t avail);
int arms_hb_set_disk_usage(arms_context_t *ctx, uint16_t idx, uint64_t used, uint64_t avail);
int arms_hb_set_traffic_count(arms_context_t *ctx, uint16_t ifidx, uint64_t in_octet,
			      uint64_t out_octet, uint64_t in_packet, uint64_t out_packet,
			      uint64_t in_error, uint64_t out_error);
/* Per-second means since the previous callback, computed by the program. */
int arms_hb_set_traffic_rate(arms_context_t *ctx, uint16_t ifidx, uint64_t in_octet,
			     uint64_t out_octet, uint64_t in_packet, uint64_t out_packet,
			     uint64_t in_error, uint64_t out_error);
int arms_hb_set_radiowave(arms_context_t *ctx, uint16_t ifidx, uint8_t status, uint8_t max,
			  uint8_t min, uint8_t avg);

/* ---- Versions ---------------------------------------------------------------------------- */

int arms_library_ver_major(void);
int arms_library_ver_minor(void);
const char *arms_library_ver_string(void); /* "5.33 (Release)", static */
int arms_protocol_ver_major(void);
int arms_protocol_ver_minor(void);

#ifdef __cplusplus
}
#endif

#endif
