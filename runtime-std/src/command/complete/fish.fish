# Completions of PROGRAM for fish. For this shell: PROGRAM completions fish | source
function __PROGRAM_complete
    set -l words (commandline -opc)
    $words[1] complete $words[2..] (commandline -ct | string collect --allow-empty) 2>/dev/null
end
complete -c PROGRAM -a '(__PROGRAM_complete)'
