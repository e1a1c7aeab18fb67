"""What makes a shell ask rnnexp on TAB: `eval "$(rnnexp --shell-completion install=bash)"`.

Each script calls `rnnexp --shell-completion query=SHELL` with the line up to the cursor in the
variable COMP_LINE, and takes a candidate from each line of the answer; one that ends with a blank
is a whole word.
"""

from collections.abc import Sequence

from rnnexp.errors import ConfigError, did_you_mean

# Bash takes `=` and `:` for the end of a word: the answer holds what follows the last of them.
# mapfile is not in the bash of macOS; an array made of $(...) would expand the brackets of lists.
_BASH = """\
_rnnexp_completion() {
    local candidate program=${COMP_WORDS[0]/#\\~/$HOME}
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" \\
        "$program" --shell-completion query=bash 2>/dev/null)
}
complete -o nospace -o default -F _rnnexp_completion rnnexp
"""

_ZSH = """\
_rnnexp_completion() {
    local -a candidates whole begun
    candidates=("${(@f)$(COMP_LINE="${(j: :)words[1,CURRENT-1]} ${(Q)PREFIX}" \\
        ${(Q)~words[1]} --shell-completion query=zsh 2>/dev/null)}")
    whole=(${${(M)candidates:#* }% })
    begun=(${candidates:#* })
    if (( $#whole + $#begun )); then
        (( $#whole )) && compadd -- $whole
        (( $#begun )) && compadd -S '' -- $begun
    else
        compset -P '*='
        _files
    fi
}
compdef _rnnexp_completion rnnexp
"""

_FISH = """\
function __rnnexp_completion
    set -lx COMP_LINE (commandline -cp | string collect)
    set -l program (commandline -opc)[1]
    $program --shell-completion query=fish 2>/dev/null
end
complete -c rnnexp -f -a '(__rnnexp_completion)'
"""

#: Of each shell: what installs, what takes away again.
SCRIPTS = {
    "bash": (_BASH, "complete -r rnnexp\nunset -f _rnnexp_completion\n"),
    "zsh": (_ZSH, "compdef -d rnnexp\nunfunction _rnnexp_completion\n"),
    "fish": (_FISH, "complete -e -c rnnexp\nfunctions -e __rnnexp_completion\n"),
}

#: Characters at which bash begins another word for itself.
BASH_BREAKS = "=:"


def asked(words: Sequence[str]) -> tuple[str, str]:
    """What `--shell-completion` is to do, and for which shell.

    Raises ConfigError for anything but install=SHELL, uninstall=SHELL and query=SHELL.
    """
    what, _, shell = (words[0] if len(words) == 1 else "").partition("=")
    if what not in ("install", "uninstall", "query") or shell not in SCRIPTS:
        raise ConfigError(
            "--shell-completion takes install=SHELL or uninstall=SHELL, of "
            f"{', '.join(SCRIPTS)}{did_you_mean(shell, SCRIPTS)}, as in "
            'eval "$(rnnexp --shell-completion install=bash)"'
        )
    return what, shell
