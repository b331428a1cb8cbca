#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_priv.h"

/* Debian 12's header knows ABI 2; these are the kernel's numbers up to ABI 6
 * (Documentation/userspace-api/landlock.rst). */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_REG = 1 << 8,
	FS_ABI_1 = (1 << 13) - 1, /* all of them, of each version */
	FS_ABI_2 = (1 << 14) - 1, /* rename and link between directories */
	FS_ABI_3 = (1 << 15) - 1, /* truncate */
	FS_TRUNCATE = 1 << 14,
	FS_ABI_5 = (1 << 16) - 1, /* ioctl on devices */

	NET_BIND_TCP = 1 << 0,
	NET_CONNECT_TCP = 1 << 1,

	SCOPE_ABSTRACT_UNIX = 1 << 0,
	SCOPE_SIGNAL = 1 << 1,

	CREATE_RULESET_VERSION = 1 << 0,
	RULE_PATH_BENEATH = 1,

	READS = FS_READ_FILE | FS_READ_DIR,
	WRITES = READS | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_TRUNCATE,
	OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE,
};

struct ruleset_attr {
	uint64_t handled_fs;
	uint64_t handled_net; /* from ABI 4 */
	uint64_t scoped;      /* from ABI 6 */
};

struct path_beneath_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

int rv_sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

/* What this kernel can take away, but for the rights; returns the size it knows. */
static size_t fill_attr(int abi, unsigned rights, struct ruleset_attr *out)
{
	bool connects = (rights & RV_RIGHT_CONNECT) != 0;

	*out = (struct ruleset_attr){ .handled_fs = abi >= 5   ? FS_ABI_5
						    : abi >= 3 ? FS_ABI_3
						    : abi == 2 ? FS_ABI_2
							       : FS_ABI_1 };
	if (abi < 4)
		return sizeof(uint64_t);
	out->handled_net = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP);
	if (abi < 6)
		return 2 * sizeof(uint64_t);
	out->scoped = SCOPE_SIGNAL | SCOPE_ABSTRACT_UNIX;
	return sizeof(*out);
}

static int allow(int ruleset, const struct ruleset_attr *attr, const struct rv_sandbox_path *path)
{
	struct path_beneath_attr rule = { .allowed = path->may_write ? WRITES : READS };
	struct stat st;
	int err = RV_OK;

	rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? RV_OK : rv_err_from_errno();
	if (fstat(rule.parent_fd, &st) != 0) {
		err = rv_err_from_errno();
		goto out;
	}
	if (!S_ISDIR(st.st_mode))
		rule.allowed &= OF_FILES;
	rule.allowed &= attr->handled_fs;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
		err = rv_err_from_errno();
out:
	close(rule.parent_fd);
	return err;
}

int rv_sandbox_landlock_make(const struct rv_sandbox *sandbox, int *out_fd, int *out_abi)
{
	static const struct rv_sandbox_path proc = { "/proc", false };
	int abi = rv_sandbox_landlock_abi();
	struct ruleset_attr attr;
	size_t size = fill_attr(abi, sandbox->rights, &attr);
	int fd, err = RV_OK;

	if (abi == 0)
		return RV_OK;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return rv_err_from_errno();
	for (size_t i = 0; err == RV_OK && i < sandbox->path_count; i++)
		err = allow(fd, &attr, &sandbox->paths[i]);
	if (err == RV_OK && RV_SANDBOX_SANITIZED)
		err = allow(fd, &attr, &proc);
	if (err != RV_OK) {
		close(fd);
		return err;
	}
	*out_fd = fd;
	*out_abi = abi;
	return RV_OK;
}

int rv_sandbox_landlock_enter(int fd)
{
	return syscall(SYS_landlock_restrict_self, fd, 0) == 0 ? RV_OK : rv_err_from_errno();
}
