# Completions of PROGRAM for bash. For this shell: eval "$(PROGRAM completions bash)"
_PROGRAM() {
    mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1)
}
complete -o default -F _PROGRAM PROGRAM
