#include "server/rs/role.h"

#include "base/str.h"

static bool ends_in_read(struct rv_str right)
{
	return right.len > 5 && rv_str_is(rv_str_sub(right, right.len - 5, 5), ".read");
}

bool rs_role_allows(enum rv_role role, const char *right)
{
	struct rv_str r = rv_str(right);
	bool is_feed = rv_str_starts(r, "feed.");
	bool is_special = is_feed || rv_str_starts(r, "token.") || rv_str_is(r, "secret.reveal");

	switch (role) {
	case RV_ROLE_ADMIN:
		return true;
	case RV_ROLE_OPERATOR:
		return !is_special;
	case RV_ROLE_VIEWER:
		return !is_special && ends_in_read(r);
	case RV_ROLE_LS:
		return is_feed;
	}
	return false;
}
