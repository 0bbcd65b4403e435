#compdef PROGRAM
# Completions of PROGRAM for zsh. For this shell: source <(PROGRAM completions zsh)
_PROGRAM() {
    local -a found
    found=("${(@f)$("${words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -z "${found[1]}" ]]; then
        _files
    else
        found=("${(@)found/$'\t'/:}")
        _describe PROGRAM found
    fi
}
if [[ "${funcstack[1]}" == _PROGRAM ]]; then _PROGRAM "$@"; else compdef _PROGRAM PROGRAM; fi
