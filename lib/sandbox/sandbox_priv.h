/* sandbox_priv.h - the layers, one function each; order and failure are sandbox.c's. */
#ifndef RV_SANDBOX_SANDBOX_PRIV_H
#define RV_SANDBOX_SANDBOX_PRIV_H

#include "sandbox/sandbox.h"

/* Address and thread sanitizers read /proc, stop their own threads and write reports. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RV_SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define RV_SANDBOX_SANITIZED 1
#endif
#endif
#ifndef RV_SANDBOX_SANITIZED
#define RV_SANDBOX_SANITIZED 0
#endif

/* The rules, while all paths can still be reached. *out_fd stays -1 where the kernel has no
 * Landlock, or has it switched off. */
int rv_sandbox_landlock_make(const struct rv_sandbox *sandbox, int *out_fd,
			     int *out_abi) RV_MUSTCHECK;
/* In force from here on; needs no_new_privs. */
int rv_sandbox_landlock_enter(int fd) RV_MUSTCHECK;
int rv_sandbox_seccomp(unsigned rights) RV_MUSTCHECK;

#endif
