#include "proto/armsxml/code.h"

#include "base/str.h"

static const struct {
	int code;
	const char *text;
} codes[] = {
	{ 100, "Success" },
	{ 102, "Command Execute Error" },
	{ 201, "Invalid XML" },
	{ 202, "Invalid Message type" },
	{ 203, "Invalid Parameter" },
	{ 301, "Server Busy" },
	{ 302, "SA Busy" },
	{ 303, "Module syncing" },
	{ 400, "Bad Request" },
	{ 401, "Server Failure" },
	{ 402, "SA Failure" },
	{ 403, "Authentication Falure" },
	{ 404, "SA Marked as stand-by" },
	{ 405, "Not found" },
	{ 406, "Too many Transaction" },
	{ 407, "Too many Status" },
	{ 408, "Invalid Storage" },
	{ 409, "Invalid Module ID" },
	{ 410, "Validation Failure" },
	{ 411, "Commit Failure" },
	{ 412, "Transction Failure" },
	{ 413, "Resource Exhausted" },
	{ 414, "SA Rollbacked" },
	{ 415, "System Error" },
	{ 416, "System Mismatch" },
	{ 417, "Invalid Hardware" },
	{ 418, "Invalid Firmware" },
	{ 419, "Module Sync needed" },
	{ 420, "Distribution ID not found" },
	{ 421, "Configuration not found" },
	{ 422, "Multiple Request" },
	{ 423, "Distribution ID Mismatch" },
	{ 501, "Out of Service" },
	{ 502, "Push Failed" },
	{ 503, "Need Reboot" },
	{ 504, "Addresss Mismatch" },
	{ 505, "Not Support" },
	{ 506, "Server Moved" },
	{ 507, "Invalid type" },
	{ 508, "Rollback Failure" },
};

const char *rv_arms_code_text(int code)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].text;
	return "Unknown result";
}
