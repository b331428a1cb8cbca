#include "packets.h"

/* In a file of its own: the C library's <netinet/tcp.h> has an older tcp_info, and uv.h brings it.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

unsigned packets_in(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_segs_in : 0;
}
