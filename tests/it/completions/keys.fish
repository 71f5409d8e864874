
# The keys, by their hints: which there are, only a run of the program knows.
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key; or __fish_aegis_using_subcommand rotate-key" -f -a "(aegis list-keys --hints 2>/dev/null)"
