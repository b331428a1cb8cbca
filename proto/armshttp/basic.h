/* basic.h - HTTP Basic credentials: who the device says it is.
 *
 * user = distribution id in text form, password = LS-SA key or RS-SA key. Base64 with
 * padding, one line. Source: spec/arms-protocol.md 2.2, RFC 7617.
 */
#ifndef RV_PROTO_ARMSHTTP_BASIC_H
#define RV_PROTO_ARMSHTTP_BASIC_H

#include "base/buf.h"

enum {
	RV_ARMSHTTP_USER_MAX = 64,     /* bytes kept; a distribution id has 39 */
	RV_ARMSHTTP_PASSWORD_MAX = 64, /* bytes kept; the longest LS-SA or RS-SA key */
};

/* Decoded credentials. Holds a secret: rv_wipe() it after use. */
struct rv_armshttp_credentials {
	char user[RV_ARMSHTTP_USER_MAX + 1];         /* NUL-terminated, no NUL inside */
	char password[RV_ARMSHTTP_PASSWORD_MAX + 1]; /* the same; may be empty */
};

/* Append the value of an Authorization header: "Basic ...". Failures stick in out->err. */
void rv_armshttp_basic_encode(struct rv_buf *out, struct rv_str user, struct rv_str password);

/* Read such a value; blanks around it and the case of "Basic" do not matter. Untrusted.
 * RV_EUNSUPPORTED: another scheme. RV_ESYNTAX: bad Base64, no colon, a NUL inside.
 * RV_ELIMIT: user or password too long. *out untouched then. Never allocates. */
int rv_armshttp_basic_decode(struct rv_str value, struct rv_armshttp_credentials *out) RV_MUSTCHECK;

#endif
