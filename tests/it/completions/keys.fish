
# The keys, by their hints: which there are, only a run of the program knows.
function __fish_aegis_keys
    set -l named
    set -l words (commandline -opc)
    while set -q words[1]
        switch $words[1]
            case --env-file
                set named --env-file (string replace -r '^~/' "$HOME/" -- $words[2])
            case '--env-file=*'
                set named $words[1]
        end
        set -e words[1]
    end
    aegis list-keys --hints $named 2>/dev/null
end
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key; or __fish_aegis_using_subcommand rotate-key" -f -a "(__fish_aegis_keys)"
