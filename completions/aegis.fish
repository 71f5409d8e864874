# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_aegis_global_optspecs
    string join \n h/help V/version
end

function __fish_aegis_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_aegis_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_aegis_using_subcommand
    set -l cmd (__fish_aegis_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c aegis -n "__fish_aegis_needs_command" -s h -l help -d 'Print help'
complete -c aegis -n "__fish_aegis_needs_command" -s V -l version -d 'Print version'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "serve" -d 'Serve the tools to assistants'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "generate-key" -d 'Make a key for an assistant'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "rotate-key" -d 'Replace a key by a new one, without a moment in which neither works'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "client-config" -d 'Print what connects a client, or put it into the client\'s file'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "check-key-age" -d 'Say which keys are too old, and what else is wrong with them'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "list-keys" -d 'List the keys: whose they are, how old, who used them last'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "revoke-key" -d 'Take a key out of use, at once and for good'
complete -c aegis -n "__fish_aegis_needs_command" -f -a "audit-summary" -d 'Say what the audit log holds'
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l env-file -d 'Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l host -d 'Listen on this address instead of `MCP_HOST`' -r
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l port -d 'Listen on this port instead of `MCP_PORT`; 0 takes any that is free' -r
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l audit-log -d 'Write the audit log here instead of `AUDIT_LOG_PATH`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l sandbox -d 'Serve sample data from a forge inside this process, with a key made for this run'
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l strict-perms -d 'Refuse a `.env` file that others than its owner can read'
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l check -d 'Say what would be served, ask Gitea who the token is, and stop (exit code 0 or 78)'
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l json -d 'Say it as JSON'
complete -c aegis -n "__fish_aegis_using_subcommand serve" -l health -d 'Ask the running server whether it is well, and stop (exit code 0 or 1)'
complete -c aegis -n "__fish_aegis_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l label -d 'What to call it, such as who will use it; saves metadata' -r
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l expires -d 'Refuse it from then on: after `90d`, `12h` or `30m`, after a date or at a time; saves metadata' -r
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l env-file -d 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -s q -l quiet -d 'Print the key and nothing else'
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l save-metadata -d 'Write down its hint, label and age beside `.env`, never the key; asked on a terminal'
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l add -d 'Put it into `.env`, which is made if there is none; a running server takes it at once'
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l hashed -d 'Show its digest too, which can stand in `.env` in its place; `--add` puts only that there'
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l json -d 'Print the key and what was done with it as JSON'
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -l in-place -d 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
complete -c aegis -n "__fish_aegis_using_subcommand generate-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l grace -d 'How long the old key may be used still: `7d`, `12h`, `30m`, until a date, or `0` for not at all' -r
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l server -d 'The running server\'s address, instead of `MCP_HOST` and `MCP_PORT`' -r
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l env-file -d 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -s y -l yes -d 'Ask nothing'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l no-test -d 'Do not ask the running server whether it takes the new key'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l print -d 'Print the new key to standard output, which need not be a terminal'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l hashed -d 'Write down only the digest of the new key, as is done where the old one is hashed'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l status -d 'Say which rotations are under way, and change nothing'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l finish -d 'End a rotation: the new key is tested, and the old one taken out'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l abort -d 'Take a rotation back: the new key is taken out, and the old one stays'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l plain -d 'Ask in plain lines, as a screen reader likes it: no colours, no lists that redraw'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l json -d 'Say what was done as JSON'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -l in-place -d 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
complete -c aegis -n "__fish_aegis_using_subcommand rotate-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand client-config" -l write -d 'Add the lines to the client\'s own file, or to FILE, and keep what else is in it' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand client-config" -l server -d 'The server\'s address, instead of `PUBLIC_URL` or where it listens' -r
complete -c aegis -n "__fish_aegis_using_subcommand client-config" -l env-file -d 'Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand client-config" -l json -d 'Say it as JSON'
complete -c aegis -n "__fish_aegis_using_subcommand client-config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l max-age -d 'A key as old as this is critical' -r
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l warn-before -d 'Warn this long before that; 14d, or half of it where that is less, unless given' -r
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l unknown -d 'What a key of unknown age is' -r -f -a "ok\t''
warn\t''
critical\t''
unknown\t''"
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l audit-log -d 'Look for uses in this audit log instead of `AUDIT_LOG_PATH`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l env-file -d 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l adopt -d 'Write down that keys of unknown age are from today'
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -s q -l quiet -d 'Say nothing where all is well'
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l json -d 'Say it as JSON'
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -l in-place -d 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
complete -c aegis -n "__fish_aegis_using_subcommand check-key-age" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand list-keys" -l audit-log -d 'Look for uses in this audit log instead of `AUDIT_LOG_PATH`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand list-keys" -l env-file -d 'Read the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand list-keys" -l all -d 'Former keys too, and such as were made and never put into `.env`'
complete -c aegis -n "__fish_aegis_using_subcommand list-keys" -l json -d 'Say it as JSON'
complete -c aegis -n "__fish_aegis_using_subcommand list-keys" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l server -d 'The running server\'s address, instead of `MCP_HOST` and `MCP_PORT`' -r
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l audit-log -d 'Look in this audit log instead of `AUDIT_LOG_PATH` whether the server dropped a hashed key' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l env-file -d 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l replace -d 'Put a new key in its place, with the same label, and with an end as far off where it has one'
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -s y -l yes -d 'Ask nothing'
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l no-wait -d 'Do not wait until the running server refuses it'
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l print -d 'Print the new key to standard output, which need not be a terminal'
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l json -d 'Say what was done as JSON'
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -l in-place -d 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
complete -c aegis -n "__fish_aegis_using_subcommand revoke-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l log -d 'Read these instead of the log that `serve` writes: files, folders, patterns, `-` for standard input; files that a log was before are found beside it, compressed ones too' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l env-file -d 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l since -d 'Count from this time on: RFC 3339, a date, or how long ago (`7d`, `12h`, `30m`)' -r
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l until -d 'Count what is before this time; of a date, all of that day is counted' -r
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -s o -l output -d 'Write it to this file, which is replaced; `-` is standard output' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l top -d 'Show this many of each kind' -r
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l fail-on -d 'Exit with code 4 if a bound is passed: `denied>100,blocked>0,breaks>0`' -r
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l json -d 'Say it as JSON, for programs'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l csv -d 'Say it as CSV, for spreadsheets'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l html -d 'Say it as one page for a browser, with charts, complete in itself'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -l strict -d 'Exit with code 1 if a line is no record and not empty, or a file cannot be read to its end'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -a "verify" -d 'Check that the audit log is what was written'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and not __fish_seen_subcommand_from verify tail" -a "tail" -d 'Show the newest records of the audit log, one a line'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from verify" -l log -d 'The same, as the other commands take it' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from verify" -l head -d 'A record with this SHA-256 must be in the log: the `head` of a checkpoint' -r
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from verify" -l seal-key -d 'The file with the key that the first checkpoint was sealed with' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from verify" -l env-file -d 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from verify" -l json -d 'Say it as JSON, for programs'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -s n -l lines -d 'Show this many records that are there already' -r
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -l key -d 'Only what was done with this key: its hint, how that begins, or its label' -r -f -a "(__fish_aegis_keys)"
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -l event -d 'Only this event: `tool_call`, `access_denied`; may be given more than once' -r
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -l log -d 'Read this log instead of the one that `serve` writes' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -l env-file -d 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`' -r -F
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -s f -l follow -d 'Go on with what is written from now on'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -l json -d 'Print the records as they stand in the log, for programs'
complete -c aegis -n "__fish_aegis_using_subcommand audit-summary; and __fish_seen_subcommand_from tail" -s h -l help -d 'Print help (see more with \'--help\')'

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
