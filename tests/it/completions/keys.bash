
# The keys, by their hints: which there are, only a run of the program knows.
_aegis_with_keys() {
    case "${COMP_WORDS[1]} $3" in
        *\ --env-file | *\ --server | *\ --grace) ;;
        revoke-key\ * | rotate-key\ *)
            if [[ $2 != -* ]]; then
                COMPREPLY=($(compgen -W "$("$1" list-keys --hints 2>/dev/null | cut -f 1)" -- "$2"))
                return 0
            fi
            ;;
    esac
    _aegis "$@"
}

complete -F _aegis_with_keys -o bashdefault -o default aegis
