
# The keys, by their hints: which there are, only a run of the program knows.
_aegis_with_keys() {
    local at named=() before=$3
    # `--key=HINT` is three words here.
    [[ $3 == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    case "${COMP_WORDS[1]} $before" in
        *\ --env-file | *\ --server | *\ --grace | *\ --audit-log) ;;
        revoke-key\ * | rotate-key\ * | audit-summary\ --key)
            if [[ $2 != -* ]]; then
                for ((at = 2; at < COMP_CWORD; at++)); do
                    [[ ${COMP_WORDS[at]} == --env-file ]] || continue
                    [[ ${COMP_WORDS[at + 1]} == = ]] && ((at++))
                    named=("${COMP_WORDS[at + 1]//[\\\"\']/}")
                    named=(--env-file "${named/#~\//"$HOME/"}")
                done
                COMPREPLY=($(compgen -W "$("$1" list-keys --hints "${named[@]}" 2>/dev/null | cut -f 1)" -- "$2"))
                return 0
            fi
            ;;
    esac
    _aegis "$@"
}

complete -F _aegis_with_keys -o bashdefault -o default aegis
