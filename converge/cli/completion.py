"""converge completion: the scripts for the shells. What they ask is answered in completing.py.

Each hands over its line up to the cursor and reads lines of `sort TAB word TAB help`: a `plain`
word, a `part` of one (no blank behind it), or that a `file` or `dir` goes on behind the word.
"""

from __future__ import annotations

import click

_BASH = """\
# bash 4.4 or later. In ~/.bashrc: eval "$(converge completion bash)"
_converge() {
    local line=${COMP_LINE:0:COMP_POINT} sort word whole
    whole=${line##*[[:space:]]}
    COMPREPLY=()
    while IFS=$'\\t' read -r sort word _; do
        case $sort in
        file) compopt -o default ;;
        dir) compopt -o dirnames ;;
        part | plain)
            [[ $sort == plain ]] || compopt -o nospace
            # bash ends a word at = and :, so what stands before the last one is there already.
            word=${word#"${whole%"$2"}"}
            COMPREPLY+=("$(printf %q "$word")")
            ;;
        esac
    done < <(_CONVERGE_COMPLETE=bash COMP_WORDS=$line "${1/#\\~/$HOME}" 2>/dev/null </dev/null)
}
complete -o nosort -F _converge converge
"""

_ZSH = """\
#compdef converge
# As _converge in a folder of $fpath, or in ~/.zshrc after compinit:
# eval "$(converge completion zsh)"
_converge() {
    local sort word help line="${(j: :)words[1,CURRENT-1]} $PREFIX" program=${~${(Q)words[1]}}
    local -a told bare parts
    while IFS=$'\\t' read -r sort word help; do
        case $sort in
        (plain)
            if [[ -n $help ]]; then
                told+=("${word//:/\\\\:}:$help")
            else
                bare+=("$word")
            fi ;;
        (part) parts+=("$word") ;;
        (file) compset -P "${(b)word}"; _files ;;
        (dir) compset -P "${(b)word}"; _files -/ ;;
        esac
    done < <(_CONVERGE_COMPLETE=zsh COMP_WORDS=$line $program 2>/dev/null </dev/null)
    (( $#told )) && _describe -V converge told
    (( $#bare )) && compadd -V converge -- "${bare[@]}"
    (( $#parts )) && compadd -S '' -- "${parts[@]}"
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _converge "$@"
else
    compdef _converge converge
fi
"""

_FISH = """\
# As converge.fish in ~/.config/fish/completions, or: converge completion fish | source
function __converge_complete
    set -l line (commandline -cp | string collect)
    set -l program (string replace -r '^~' $HOME -- (commandline -opc)[1])
    env _CONVERGE_COMPLETE=fish COMP_WORDS="$line" $program 2>/dev/null </dev/null |
    while read -l -d \\t sort word help
        switch $sort
            case plain part
                printf '%s\\t%s\\n' $word "$help"
            case file dir
                set -l start (math (string length -- "$word") + 1)
                set -l rest (string sub -s $start -- (commandline -ct))
                printf "$word%s\\n" (__fish_complete_path "$rest")
        end
    end
end
complete -c converge -f -a '(__converge_complete)' --keep-order
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@click.command(
    epilog="Example: converge completion zsh > /usr/local/share/zsh/site-functions/_converge"
)
@click.argument("shell", type=click.Choice(list(SCRIPTS)), metavar="SHELL")
def command(shell: str) -> int:
    """The script that completes command lines of converge in SHELL: bash, zsh or fish.

    Commands, options, their values and files; nodes and resources as the desired file of the line
    has them. No node is ever asked.

    Exit codes: 0; 64 for another shell.
    """
    click.echo(SCRIPTS[shell], nl=False)
    return 0
