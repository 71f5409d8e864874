# The keys, by their hints: which there are, only a run of the program knows.
(( $+functions[_aegis_keys] )) ||
_aegis_keys() {
    local -a keys named
    local at=${words[(I)--env-file]}
    if (( at && at + 1 < CURRENT )); then
        named=("${words[at + 1]}")
    else
        named=(${${(M)words:#--env-file=*}#--env-file=})
    fi
    # What was typed is run by `_call_program`: it is read as one word, and nothing in it is run.
    named=(${named:+--env-file ${(q)${(Q)named[-1]}/#\~\//$HOME/}})
    keys=(${${(f)"$(_call_program keys aegis list-keys --hints $named 2>/dev/null)"}/$'\t'/:})
    _describe -t keys 'key' keys
}

