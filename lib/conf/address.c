#include "base/addr.h"
#include "conf/conf.h"

int rv_conf_check_listen(struct rv_str value, struct rv_diag *diag)
{
	struct rv_addr addr;

	if (rv_addr_parse(value, &addr))
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "conf.address", "",
			   "it must be a numeric address with a port 0..65535, like "
			   "\"127.0.0.1:8443\" or \"[::]:8443\"");
}

int rv_conf_check_peer(struct rv_str value, struct rv_diag *diag)
{
	struct rv_addr addr;

	if (rv_addr_parse(value, &addr) && addr.port != 0)
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "conf.address", "",
			   "it must be a numeric address with a port 1..65535, like "
			   "\"192.0.2.1:5115\" or \"[2001:db8::1]:5115\"");
}
