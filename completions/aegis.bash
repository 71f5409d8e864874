_aegis() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="aegis"
                ;;
            aegis,audit-summary)
                cmd="aegis__subcmd__audit__subcmd__summary"
                ;;
            aegis,check-key-age)
                cmd="aegis__subcmd__check__subcmd__key__subcmd__age"
                ;;
            aegis,client-config)
                cmd="aegis__subcmd__client__subcmd__config"
                ;;
            aegis,generate-key)
                cmd="aegis__subcmd__generate__subcmd__key"
                ;;
            aegis,list-keys)
                cmd="aegis__subcmd__list__subcmd__keys"
                ;;
            aegis,revoke-key)
                cmd="aegis__subcmd__revoke__subcmd__key"
                ;;
            aegis,rotate-key)
                cmd="aegis__subcmd__rotate__subcmd__key"
                ;;
            aegis,serve)
                cmd="aegis__subcmd__serve"
                ;;
            aegis__subcmd__audit__subcmd__summary,tail)
                cmd="aegis__subcmd__audit__subcmd__summary__subcmd__tail"
                ;;
            aegis__subcmd__audit__subcmd__summary,verify)
                cmd="aegis__subcmd__audit__subcmd__summary__subcmd__verify"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        aegis)
            opts="-h -V --help --version serve generate-key rotate-key client-config check-key-age list-keys revoke-key audit-summary"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__audit__subcmd__summary)
            opts="-o -h --log --env-file --since --until --json --csv --html --output --top --fail-on --strict --help daily weekly monthly quarterly yearly all report verify tail"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --log)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --since)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --until)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -o)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --top)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --fail-on)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__audit__subcmd__summary__subcmd__tail)
            opts="-f -n -h --follow --lines --key --event --json --log --env-file --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --lines)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -n)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --key)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --event)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --log)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__audit__subcmd__summary__subcmd__verify)
            opts="-h --log --head --seal-key --json --env-file --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --log)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --head)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --seal-key)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__check__subcmd__key__subcmd__age)
            opts="-q -h --max-age --warn-before --unknown --adopt --quiet --json --audit-log --env-file --in-place --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --max-age)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --warn-before)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --unknown)
                    COMPREPLY=($(compgen -W "ok warn critical unknown" -- "${cur}"))
                    return 0
                    ;;
                --audit-log)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__client__subcmd__config)
            opts="-h --write --server --env-file --json --help claude-code claude-desktop claude-ai vscode cursor codex windsurf zed jetbrains librechat open-webui openai-api anthropic-api langchain curl chatgpt"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --write)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --server)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__generate__subcmd__key)
            opts="-q -h --quiet --label --save-metadata --expires --add --hashed --json --env-file --in-place --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --label)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --expires)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__list__subcmd__keys)
            opts="-h --all --json --audit-log --env-file --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --audit-log)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__revoke__subcmd__key)
            opts="-y -h --replace --yes --no-wait --server --print --json --audit-log --env-file --in-place --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --server)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --audit-log)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__rotate__subcmd__key)
            opts="-y -h --yes --grace --no-test --server --print --hashed --status --finish --abort --plain --json --env-file --in-place --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --grace)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --server)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        aegis__subcmd__serve)
            opts="-h --env-file --host --port --audit-log --sandbox --strict-perms --check --json --health --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --env-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --host)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --audit-log)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _aegis -o nosort -o bashdefault -o default aegis
else
    complete -F _aegis -o bashdefault -o default aegis
fi

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
