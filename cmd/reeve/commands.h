/* commands.h - the subcommands of `reeve`; argv[0] is the subcommand, the result an exit code. */
#ifndef RV_CMD_REEVE_COMMANDS_H
#define RV_CMD_REEVE_COMMANDS_H

/* `reeve serve`, and `reeve <component>`. */
int rv_command_serve(int argc, char **argv);
int rv_command_conf(int argc, char **argv);
int rv_command_pki(int argc, char **argv);
int rv_command_key(int argc, char **argv);
/* Becomes libexec's reeve-sim; its options are its own. */
int rv_command_sim(int argc, char **argv);
/* Likewise libexec's reeve-verify-sa. */
int rv_command_verify_sa(int argc, char **argv);

#endif
