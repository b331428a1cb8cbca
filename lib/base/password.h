/* password.h - the answer to who asks for the password of a private key: there is none.
 *
 * Given to OpenSSL (it is a pem_password_cb), which otherwise asks the terminal when a key is
 * encrypted: so such a key fails to be read, at once.
 */
#ifndef RV_BASE_PASSWORD_H
#define RV_BASE_PASSWORD_H

static inline int rv_no_password(char *buf, int size, int is_writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

#endif
