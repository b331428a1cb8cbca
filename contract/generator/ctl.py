"""What belongs to `reeve ctl` beside its code: completion for bash and zsh, and reeve-ctl(1)."""
from . import texts

GLOBALS = (("--server", "URL", "server"), ("--state-dir", "DIR", "state"), ("--token-file", "FILE", "token_file"),
           ("--ca", "FILE", "ca"), ("--insecure", "", "insecure"), ("--json", "", "json"),
           ("--columns", "NAMES", "columns"), ("--no-header", "", "no_header"), ("--utc", "", "utc"),
           ("--lang", "LANG", "lang"), ("--timeout", "SECONDS", "timeout"), ("--help", "", "help"))
FILES = ("--server", "--state-dir", "--token-file", "--ca", "--file")
LONG_FIELD = 1000  # cmd/ctl/names.h
EXITS = (("0", "Done."), ("1", "The server could not do it, or not in the present state of things."),
         ("2", "The command line is wrong: this program, or the server, does not accept a value of it "
          "or of its files. Nothing was changed, unless 'device import' says how far it came."), ("3", "There is no such thing."),
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


def _case(name, comment, word, rows):
    """A shell function that prints what a table has for its arguments; for bash and zsh."""
    return [f"{name}() {{ # {comment}", f"\tcase {word} in", *(f"\t{key}) echo '{' '.join(values)}' ;;"
                                                              for key, values in rows), "\tesac", "}", ""]


# What the value of an argument or option may be: the column of the command that lists it.
LISTED = {"distid": "distid device list", "group": "name group list", "from_group": "name group list",
          "location": "name location list", "from_location": "name location list"}
NEW = ("create", "set")  # what these name is not there yet


def _listed(model, op, arg):
    """"column command" that lists what an argument may be, or None."""
    verb = op.cli_words[1] if len(op.cli_words) > 1 else ""
    if arg == "distid" and verb in ("create", "claim"):
        return "distid device waiting"
    if arg != "name":
        return LISTED.get(arg)
    own = next((o for o in model.ops if o.cli_words == [op.cli_words[0], "list"] and o.table()), None)
    return f"name {op.cli_words[0]} list" if own and verb not in NEW and own.table().ref.field("name") else None


def _tables(model):
    """What may follow the words of each command, as shell functions."""
    options, values, option_values, lists, nouns = [], [], [("*' --lang'", ["en", "ja"])], [], {}
    for op in model.commands:
        words = " ".join(op.cli_words)
        options.append((f"'{words}'", [o for o, _, _ in option_names(op)] + (["--file"] if op.has_body else [])))
        nouns.setdefault(op.cli_words[0], []).extend(op.cli_words[1:2])
        option_values += [(f"'{words} {o}'", f.enum.values) for o, _, f in option_names(op) if f.enum is not None]
        for number, name in enumerate(op.cli_args):
            f = op.inp.field(name)
            listed = _listed(model, op, name)
            if f.enum is not None:
                values.append((f"'{words} {number}'", f.enum.values))
            elif name == "file":
                values.append((f"'{words} {number}'", ["@files"]))
            elif listed:
                lists.append((f"'{words} {number}'", [listed]))
        lists += [(f"'{words} {o}'", [LISTED[f.name]]) for o, takes, f in option_names(op)
                  if takes and f.name in LISTED]
    with_value = sorted({o for op in model.commands for o, takes, _ in option_names(op) if takes}
                        | {g[0] for g in GLOBALS if g[1]} | {"--file"})
    lines = _case("_reeve_ctl_options", '"noun verb"', "$1", options)
    lines += _case("_reeve_ctl_words", "nothing, or noun", "$1",
                   [("''", nouns)] + [(noun, verbs) for noun, verbs in nouns.items()])
    lines += _case("_reeve_ctl_values", '"noun verb" number of the argument', '"$1 $2"', values)
    lines += _case("_reeve_ctl_option_values", '"noun verb" --option', '"$1 $2"', option_values)
    lines += _case("_reeve_ctl_lists", '"noun verb" number: column and command that lists what there is',
                   '"$1 $2"', lists)
    lines += [f"_reeve_ctl_global='{' '.join(g[0] for g in GLOBALS)}'",
              f"_reeve_ctl_with_value=' {' '.join(with_value)} '",
              f"_reeve_ctl_files=' {' '.join(FILES)} '",
              f"_reeve_ctl_server=' {' '.join(SERVER)} '", f"_reeve_words='{REEVE_WORDS}'", ""]
    return lines


def completion(model):
    return "\n".join(["# bash completion of reeve ctl. Made by contract/gen.py; do not edit.", ""] + _tables(model)
                     + [BODY])


def completion_zsh(model):
    return "\n".join(["#compdef reeve", "# zsh completion of reeve ctl. Made by contract/gen.py; do not edit.", ""]
                     + _tables(model) + [BODY_ZSH])


SERVER = ("--server", "--state-dir", "--token-file", "--ca")
REEVE_WORDS = "serve ls rs proxy http status sim verify-sa pki key conf ctl version help"

# Words of the command that are no options; what options there say of the server goes along when the server is
# asked for ids and names. It is asked for two seconds at most, and only by a tab.
BODY = r"""_reeve_ctl_ask() { # column, command
	local column=$1
	shift
	"${COMP_WORDS[0]}" ctl "${_reeve_ctl_to[@]}" --timeout 2 --no-header --columns "$column" "$@" 2>/dev/null
}

_reeve() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local words=() _reeve_ctl_to=() i skip= offer
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY=($(compgen -W "$_reeve_words" -- "$cur"))
		return
	fi
	[ "${COMP_WORDS[1]}" = ctl ] || return
	if [[ $_reeve_ctl_files == *" $prev "* ]]; then
		COMPREPLY=($(compgen -f -- "$cur"))
		return
	fi
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [ -n "$skip" ]; then
			[[ $_reeve_ctl_server == *" $skip "* ]] && _reeve_ctl_to+=("$skip" "${COMP_WORDS[i]}")
			skip=
		elif [[ $_reeve_ctl_with_value == *" ${COMP_WORDS[i]} "* ]]; then
			skip=${COMP_WORDS[i]}
		elif [[ ${COMP_WORDS[i]} != -* ]]; then
			words+=("${COMP_WORDS[i]}")
		fi
	done
	if [ -n "$skip" ]; then
		offer=$(_reeve_ctl_option_values "${words[*]:0:2}" "$skip")
		[ -n "$offer" ] || offer=$(_reeve_ctl_lists "${words[*]:0:2}" "$skip")
	elif [[ $cur == -* ]]; then
		offer="$(_reeve_ctl_options "${words[*]:0:2}") $_reeve_ctl_global"
	elif [ ${#words[@]} -lt 2 ]; then
		offer=$(_reeve_ctl_words "${words[0]-}")
	else
		offer=$(_reeve_ctl_values "${words[*]:0:2}" $((${#words[@]} - 2)))
		if [ "$offer" = @files ]; then
			COMPREPLY=($(compgen -f -- "$cur"))
			return
		fi
		[ -n "$offer" ] || offer=$(_reeve_ctl_lists "${words[*]:0:2}" $((${#words[@]} - 2)))
	fi
	case $offer in 'distid '* | 'name '*) offer=$(_reeve_ctl_ask $offer) ;; esac
	COMPREPLY=($(compgen -W "$offer" -- "$cur"))
}
complete -F _reeve reeve
"""

BODY_ZSH = r"""_reeve_ctl_ask() { # column, command
	local column=$1
	shift
	"${words[1]}" ctl "${to[@]}" --timeout 2 --no-header --columns "$column" "$@" 2>/dev/null
}

_reeve() {
	local prev=${words[CURRENT-1]} skip= offer i noun_verb
	local -a plain to
	if (( CURRENT == 2 )); then
		compadd -- ${=_reeve_words}
		return
	fi
	[[ ${words[2]} == ctl ]] || return
	if [[ $_reeve_ctl_files == *" $prev "* ]]; then
		_files
		return
	fi
	for ((i = 3; i < CURRENT; i++)); do
		if [[ -n $skip ]]; then
			[[ $_reeve_ctl_server == *" $skip "* ]] && to+=("$skip" "${words[i]}")
			skip=
		elif [[ $_reeve_ctl_with_value == *" ${words[i]} "* ]]; then
			skip=${words[i]}
		elif [[ ${words[i]} != -* ]]; then
			plain+=("${words[i]}")
		fi
	done
	noun_verb="${(j: :)plain[1,2]}"
	if [[ -n $skip ]]; then
		offer=$(_reeve_ctl_option_values "$noun_verb" "$skip")
		[[ -n $offer ]] || offer=$(_reeve_ctl_lists "$noun_verb" "$skip")
	elif [[ ${words[CURRENT]} == -* ]]; then
		offer="$(_reeve_ctl_options "$noun_verb") $_reeve_ctl_global"
	elif (( ${#plain} < 2 )); then
		offer=$(_reeve_ctl_words "${plain[1]-}")
	else
		offer=$(_reeve_ctl_values "$noun_verb" $((${#plain} - 2)))
		if [[ $offer == @files ]]; then
			_files
			return
		fi
		[[ -n $offer ]] || offer=$(_reeve_ctl_lists "$noun_verb" $((${#plain} - 2)))
	fi
	case $offer in (distid\ *|name\ *) offer=$(_reeve_ctl_ask ${=offer}) ;; esac
	[[ -z $offer ]] || compadd -- ${=offer}
}
_reeve "$@"
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
           ".B \\-\\-limit", "is given. Texts are Japanese or English, as",
           ".BR \\-\\-lang ,", "else LC_ALL, LC_MESSAGES or LANG tells. In a table an empty cell is \\-;",
           ".B \\-\\-columns", "and", ".B \\-\\-no\\-header", "make one that a program can read line by line.", ".SH COMMANDS"]
    for op in model.commands:
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
