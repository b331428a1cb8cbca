#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

int rv_sandbox_user(const char *name, uid_t *out_uid, gid_t *out_gid)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL)
		return RV_ENOTFOUND;
	*out_uid = user->pw_uid;
	*out_gid = user->pw_gid;
	return RV_OK;
}

static bool has_prefix(const char *name, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++) {
		if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
			return true;
	}
	return false;
}

/* The file is looked at and changed through one descriptor: nobody can put another in between. */
static int give_file(int dir_fd, const char *name, uid_t uid, gid_t gid)
{
	struct stat st;
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int err = RV_OK;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO ? RV_OK
									   : rv_err_from_errno();
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    (st.st_uid != uid || st.st_gid != gid) && fchown(fd, uid, gid) != 0)
		err = rv_err_from_errno();
	close(fd);
	return err;
}

int rv_sandbox_give_files(const char *dir, uid_t uid, gid_t gid, const char *const *prefixes,
			  struct rv_diag *diag)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	const char *name = dir;
	int err = list != NULL ? RV_OK : rv_err_from_errno();

	if (err == RV_OK && (fchown(fd, 0, gid) != 0 || fchmod(fd, S_ISVTX | 0770) != 0))
		err = rv_err_from_errno();
	for (struct dirent *e; err == RV_OK && (e = readdir(list)) != NULL;) {
		if (!has_prefix(e->d_name, prefixes))
			continue;
		err = give_file(fd, e->d_name, uid, gid);
		name = e->d_name;
	}
	if (err != RV_OK)
		err = rv_diag_set(diag, err, "sandbox.files", name,
				  "%s cannot be given to the service's user: %s", name,
				  strerror(-err));
	if (list != NULL)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	return err;
}

/* Bits of the two words of capset(2). */
static const unsigned kept[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
	CAP_KILL,  CAP_SETGID,       CAP_SETUID,          CAP_NET_BIND_SERVICE,
};

int rv_sandbox_reduce(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	uint32_t mask[2] = { 0, 0 };

	if (geteuid() != 0)
		return RV_OK;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		mask[kept[i] / 32] |= UINT32_C(1) << kept[i] % 32;
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
		bool is_kept = cap < 64 && (mask[cap / 32] & UINT32_C(1) << cap % 32) != 0;

		/* EPERM: whoever started us took CAP_SETPCAP away, and with it most. */
		if (!is_kept && prctl(PR_CAPBSET_DROP, cap) != 0 && errno != EPERM)
			return rv_err_from_errno();
	}
	if (syscall(SYS_capget, &head, caps) != 0)
		return rv_err_from_errno();
	for (size_t i = 0; i < 2; i++) {
		caps[i].permitted &= mask[i];
		caps[i].effective = caps[i].permitted;
		caps[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, caps) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return rv_err_from_errno();
	return RV_OK;
}
