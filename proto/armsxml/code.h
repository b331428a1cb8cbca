/* code.h - the result codes of ARMS. Source: spec/arms-protocol.md 4.3, 4.4. */
#ifndef RV_PROTO_ARMSXML_CODE_H
#define RV_PROTO_ARMSXML_CODE_H

#include <stdbool.h>

/* Temporary trouble is 300 .. 499: devices try again. 2xx and 5xx are orders: 501 makes a
 * device give up for good, 502 makes it hammer the LS. */
enum rv_arms_code {
	RV_ARMS_SUCCESS = 100,
	RV_ARMS_INVALID_XML = 201,
	RV_ARMS_INVALID_TYPE = 202,
	RV_ARMS_INVALID_PARAMETER = 203,
	RV_ARMS_SERVER_BUSY = 301,
	RV_ARMS_BAD_REQUEST = 400,
	RV_ARMS_SERVER_FAILURE = 401,
	RV_ARMS_AUTH_FAILURE = 403,
	RV_ARMS_STANDBY = 404,
	RV_ARMS_NOT_FOUND = 405,
	RV_ARMS_RESOURCE_EXHAUSTED = 413,
	RV_ARMS_SYSTEM_ERROR = 415,
	RV_ARMS_DISTID_NOT_FOUND = 420,
	RV_ARMS_CONFIG_NOT_FOUND = 421,
	RV_ARMS_DISTID_MISMATCH = 423,
	RV_ARMS_OUT_OF_SERVICE = 501,
	RV_ARMS_PUSH_FAILED = 502,
	RV_ARMS_NEED_REBOOT = 503,
	RV_ARMS_INVALID_OPERATION_TYPE = 507,
};

/* The literal text the original puts beside the code, its misspellings included, for every
 * code of the spec's table, also those without a name above; "Unknown result" otherwise. */
const char *rv_arms_code_text(int code);

/* 100 .. 199: the only codes whose answer carries data. */
static inline bool rv_arms_code_is_success(int code)
{
	return code >= 100 && code <= 199;
}

#endif
