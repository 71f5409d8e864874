# The keys, by their hints: which there are, only a run of the program knows.
(( $+functions[_aegis_keys] )) ||
_aegis_keys() {
    local -a keys
    keys=(${${(f)"$(_call_program keys aegis list-keys --hints 2>/dev/null)"}/$'\t'/:})
    _describe -t keys 'key' keys
}

