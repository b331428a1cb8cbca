/* server.h - which server, with which token: option, then environment, then file, then default.
 *
 *   server   --server       $REEVE_SERVER   ctl.conf server       unix:<state>/bus.sock
 *   state    --state-dir    $REEVE_STATE    ctl.conf state        that of this user
 *   token    --token-file   $REEVE_TOKEN    ctl.conf token_file   none
 *   ca       --ca           $REEVE_CA       ctl.conf ca           the system's
 *
 * --state-dir without --server means the socket there, whatever $REEVE_SERVER and ctl.conf say.
 *
 * ctl.conf is $XDG_CONFIG_HOME/reeve/ctl.conf or ~/.config/reeve/ctl.conf:
 *   ctl { server = "https://rs.example.net"  token_file = "/home/me/.reeve-token" }
 */
#ifndef RV_CMD_CTL_SERVER_H
#define RV_CMD_CTL_SERVER_H

#include "cmd/ctl/args.h"
#include "rsapi/rsapi.h"

/* Fills *out with strings of io's arena. RV_EINVALID: a file that cannot be read or is wrong, told
 * in io->err. */
int ctl_server_choose(struct ctl_io *io, const struct ctl_args *args,
		      struct rsapi_opt *out) RV_MUSTCHECK;

#endif
