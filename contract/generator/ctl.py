"""What belongs to `reeve ctl` beside its code: bash completion and reeve-ctl(1)."""
from . import texts

GLOBALS = (("--server", "URL", "server"), ("--state-dir", "DIR", "state"), ("--token-file", "FILE", "token_file"),
           ("--ca", "FILE", "ca"), ("--insecure", "", "insecure"), ("--json", "", "json"),
           ("--utc", "", "utc"), ("--timeout", "SECONDS", "timeout"), ("--help", "", "help"))
FILES = ("--server", "--state-dir", "--token-file", "--ca", "--file")
LONG_FIELD = 1000  # cmd/ctl/names.h
EXITS = (("0", "Done."), ("1", "The server could not do it, or not in the present state of things."),
         ("2", "The command line is wrong: this program, or the server, does not accept a value of it "
          "or of its files. Nothing was changed."), ("3", "There is no such thing."),
         ("4", "No token, a wrong one, or one without the right."),
         ("5", "No server, no answer in time, or TLS failed."),
         ("6", "The status was shown, and it says that not every process is ready."))


def option_names(op):
    """[(option, takes a value, field)], as ctl_option_name() of cmd/ctl/names.c has them."""
    out = []
    for f in op.inp.fields:
        if f.name in op.cli_args or (f.kind == "struct" and f.ref.name != "module"):
            continue
        name = "module" if f.kind == "struct" else f.name
        if f.kind == "bool":
            name = name[3:] if name.startswith("is_") else name
            out.append(("--" + name.replace("_", "-"), False, f))
            out.append(("--no-" + name.replace("_", "-"), False, f))
        else:
            out.append(("--" + name.replace("_", "-"), True, f))
    return out


def completion(model):
    """One case per command: what may follow its words."""
    lines = ["# bash completion of reeve ctl. Made by contract/gen.py; do not edit.", "",
             "_reeve_ctl_options() { # \"noun verb\"", "\tcase $1 in"]
    for op in model.ops:
        names = [o for o, _, _ in option_names(op)] + (["--file"] if op.has_body else [])
        lines.append(f"\t'{' '.join(op.cli_words)}') echo '{' '.join(names)}' ;;")
    lines += ["\tesac", "}", "", "_reeve_ctl_words() { # nothing, or noun", "\tcase $1 in"]
    nouns = {}
    for op in model.ops:
        nouns.setdefault(op.cli_words[0], []).extend(op.cli_words[1:2])
    lines.append(f"\t'') echo '{' '.join(nouns)}' ;;")
    lines += [f"\t{noun}) echo '{' '.join(verbs)}' ;;" for noun, verbs in nouns.items()]
    lines += ["\tesac", "}", "", "_reeve_ctl_values() { # \"noun verb\" number of the argument",
              "\tcase \"$1 $2\" in"]
    for op in model.ops:
        for number, name in enumerate(op.cli_args):
            f = op.inp.field(name)
            if f.enum is not None:
                lines.append(f"\t'{' '.join(op.cli_words)} {number}') "
                             f"echo '{' '.join(f.enum.values)}' ;;")
    with_value = sorted({o for op in model.ops for o, takes, _ in option_names(op) if takes}
                        | {g[0] for g in GLOBALS if g[1]} | {"--file"})
    lines += ["\tesac", "}", "", f"_reeve_ctl_global='{' '.join(g[0] for g in GLOBALS)}'",
              f"_reeve_ctl_with_value=' {' '.join(with_value)} '",
              f"_reeve_ctl_files=' {' '.join(FILES)} '", "", BODY]
    return "\n".join(lines)


BODY = r"""_reeve() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local words=() i skip=
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY=($(compgen -W 'serve ls rs proxy http status pki key conf ctl version help' -- "$cur"))
		return
	fi
	[ "${COMP_WORDS[1]}" = ctl ] || return
	if [[ $_reeve_ctl_files == *" $prev "* ]]; then
		COMPREPLY=($(compgen -f -- "$cur"))
		return
	fi
	[[ $_reeve_ctl_with_value == *" $prev "* ]] && return
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [ -n "$skip" ]; then
			skip=
		elif [[ $_reeve_ctl_with_value == *" ${COMP_WORDS[i]} "* ]]; then
			skip=1
		elif [[ ${COMP_WORDS[i]} != -* ]]; then
			words+=("${COMP_WORDS[i]}")
		fi
	done
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$(_reeve_ctl_options "${words[*]:0:2}") $_reeve_ctl_global" -- "$cur"))
	elif [ ${#words[@]} -lt 2 ]; then
		COMPREPLY=($(compgen -W "$(_reeve_ctl_words "${words[0]-}")" -- "$cur"))
	else
		COMPREPLY=($(compgen -W "$(_reeve_ctl_values "${words[*]:0:2}" $((${#words[@]} - 2)))" -- "$cur"))
	fi
}
complete -F _reeve reeve
"""


def troff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def _man_option(t, op, option, takes, f):
    texts_of = texts.field_text(t, op, f)[0]
    notes = [texts_of[0].upper() + texts_of[1:] + "."]
    if f.required:
        notes.append("Required.")
    if f.kind == "struct":
        notes.append("May be repeated; see MODULES.")
    elif f.is_list:
        notes.append("May be repeated.")
    if f.secret or (f.kind == "str" and f.max > LONG_FIELD):
        notes.append("@FILE reads it from a file, @- from standard input.")
    value = " \\fIVALUE\\fR" if takes else ""
    return [".TP", f"\\fB{troff(option)}\\fR{value}", troff(" ".join(notes))]


def man(model):
    t = texts.load()
    out = ['.\\" Made by contract/gen.py; do not edit.', '.TH REEVE\\-CTL 1 "" "Reeve"',
           ".SH NAME", "reeve\\-ctl \\- work with a Resource Server from the command line",
           ".SH SYNOPSIS", ".B reeve ctl", "[\\fIOPTION\\fR]... \\fICOMMAND\\fR "
           "[\\fIARGUMENT\\fR]...", ".SH DESCRIPTION",
           "Runs one operation of the RS\\-API and prints its answer: as a table, or with",
           ".B \\-\\-json", "as JSON. Lists are fetched whole, page by page, unless",
           ".B \\-\\-limit", "is given. Texts are Japanese or English, as LC_MESSAGES or LANG "
           "tells.", ".SH COMMANDS"]
    for op in model.ops:
        words = " ".join(f"\\fI{w}\\fR" if w.isupper() else f"\\fB{w}\\fR"
                         for w in op.raw_cli.split())
        out += [".SS " + words, troff(op.doc)]
        for option, takes, f in option_names(op):
            if not option.startswith("--no-"):
                shown = f"{option}, --no-{option[2:]}" if not takes else option
                out += _man_option(t, op, shown, takes, f)
        if op.has_body:
            out += [".TP", "\\fB\\-\\-file\\fR \\fIFILE\\fR",
                    "Take the fields from this JSON file; \\- is standard input. The fields are "
                    "those of the request in openapi.json."]
            example = t.get(f"ctl:example.{op.name}")
            if example is not None:
                out += [".IP", ".EX", troff(example[0]).replace("\n", "\n\\&"), ".EE"]
    out.append(".SH OPTIONS OF EVERY COMMAND")
    for option, value, key in GLOBALS:
        text = t["ctl:opt." + key][0]
        out += [".TP", f"\\fB{troff(option)}\\fR" + (f" \\fI{value}\\fR" if value else ""),
                troff(text[0].upper() + text[1:] + ".")]
    out += [MAN_REST, ".SH EXIT STATUS"]
    for code, text in EXITS:
        out += [".TP", f"\\fB{code}\\fR", text]
    out += [".SH SEE ALSO", ".BR reeve (1)", ""]
    return "\n".join(out)


MAN_REST = r""".SH MODULES
.B \-\-module
takes \fIID\fR[\fB:binary\fR|\fB:secrets\fR][\fB,version=\fR\fIV\fR][\fB,info=\fR\fITEXT\fR]\fB=\fR\fIFILE\fR:
the module's config is the contents of the file. Without \fB=\fR\fIFILE\fR the module is listed
without any config. The last \fB=\fR stands before the file; for texts with a comma use
.BR \-\-file .
.PP
.EX
reeve ctl config set 0000\-0000\-00E0\-0001\-0000\-0123\-4567\-89AB startup \e
    \-\-module '0=router.conf' \-\-module '1:binary,version=2.0=firmware.img'
.EE
.SH SECRETS
Keys and passwords on a command line can be seen by every user of the machine. Give them as
.I @FILE
or
.IR @\- .
They are never printed.
.SH SERVER
The server is that of
.BR \-\-server ,
else of $REEVE_SERVER, else of ctl.conf, else bus.sock in the state directory: that of
.BR \-\-state\-dir ,
else of $REEVE_STATE, else of ctl.conf, else the one that
.B reeve serve
uses by itself (/var/lib/reeve, or ~/.local/state/reeve when not root).
.B \-\-state\-dir
alone means the socket there. A postgresql: store is opened with the key and the certificates of the
state directory; its password is looked for as by
.BR psql (1):
~/.pgpass, or the parameter passfile of the URL. The token (https only)
is that of
.BR \-\-token\-file ,
else $REEVE_TOKEN, else the token_file of ctl.conf. With unix: and sqlite: the right to use the
socket or the file is what counts.
.SH FILES
.TP
.I ~/.config/reeve/ctl.conf
.EX
ctl {
    server = "https://rs.example.net"
    token_file = "/home/me/.config/reeve/token"
    ca = "/home/me/.config/reeve/ca.crt"
}
.EE"""
