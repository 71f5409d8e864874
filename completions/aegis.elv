
use builtin;
use str;

set edit:completion:arg-completer[aegis] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'aegis'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'aegis'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand serve 'Serve the tools to assistants'
            cand generate-key 'Make a key for an assistant'
            cand rotate-key 'Replace a key by a new one, without a moment in which neither works'
            cand client-config 'Print what connects a client, or put it into the client''s file'
            cand check-key-age 'Say which keys are too old, and what else is wrong with them'
            cand list-keys 'List the keys: whose they are, how old, who used them last'
            cand revoke-key 'Take a key out of use, at once and for good'
            cand audit-summary 'Say what the audit log holds'
        }
        &'aegis;serve'= {
            cand --env-file 'Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand --host 'Listen on this address instead of `MCP_HOST`'
            cand --port 'Listen on this port instead of `MCP_PORT`; 0 takes any that is free'
            cand --audit-log 'Write the audit log here instead of `AUDIT_LOG_PATH`'
            cand --sandbox 'Serve sample data from a forge inside this process, with a key made for this run'
            cand --strict-perms 'Refuse a `.env` file that others than its owner can read'
            cand --check 'Say what would be served, ask Gitea who the token is, and stop (exit code 0 or 78)'
            cand --json 'Say it as JSON'
            cand --health 'Ask the running server whether it is well, and stop (exit code 0 or 1)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;generate-key'= {
            cand --label 'What to call it, such as who will use it; saves metadata'
            cand --expires 'Refuse it from then on: after `90d`, `12h` or `30m`, after a date or at a time; saves metadata'
            cand --env-file 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand -q 'Print the key and nothing else'
            cand --quiet 'Print the key and nothing else'
            cand --save-metadata 'Write down its hint, label and age beside `.env`, never the key; asked on a terminal'
            cand --add 'Put it into `.env`, which is made if there is none; a running server takes it at once'
            cand --hashed 'Show its digest too, which can stand in `.env` in its place; `--add` puts only that there'
            cand --json 'Print the key and what was done with it as JSON'
            cand --in-place 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;rotate-key'= {
            cand --grace 'How long the old key may be used still: `7d`, `12h`, `30m`, until a date, or `0` for not at all'
            cand --server 'The running server''s address, instead of `MCP_HOST` and `MCP_PORT`'
            cand --env-file 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand -y 'Ask nothing'
            cand --yes 'Ask nothing'
            cand --no-test 'Do not ask the running server whether it takes the new key'
            cand --print 'Print the new key to standard output, which need not be a terminal'
            cand --hashed 'Write down only the digest of the new key, as is done where the old one is hashed'
            cand --status 'Say which rotations are under way, and change nothing'
            cand --finish 'End a rotation: the new key is tested, and the old one taken out'
            cand --abort 'Take a rotation back: the new key is taken out, and the old one stays'
            cand --plain 'Ask in plain lines, as a screen reader likes it: no colours, no lists that redraw'
            cand --json 'Say what was done as JSON'
            cand --in-place 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;client-config'= {
            cand --write 'Add the lines to the client''s own file, or to FILE, and keep what else is in it'
            cand --server 'The server''s address, instead of `PUBLIC_URL` or where it listens'
            cand --env-file 'Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand --json 'Say it as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;check-key-age'= {
            cand --max-age 'A key as old as this is critical'
            cand --warn-before 'Warn this long before that; 14d, or half of it where that is less, unless given'
            cand --unknown 'What a key of unknown age is'
            cand --audit-log 'Look for uses in this audit log instead of `AUDIT_LOG_PATH`'
            cand --env-file 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand --adopt 'Write down that keys of unknown age are from today'
            cand -q 'Say nothing where all is well'
            cand --quiet 'Say nothing where all is well'
            cand --json 'Say it as JSON'
            cand --in-place 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;list-keys'= {
            cand --audit-log 'Look for uses in this audit log instead of `AUDIT_LOG_PATH`'
            cand --env-file 'Read the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand --all 'Former keys too, and such as were made and never put into `.env`'
            cand --json 'Say it as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;revoke-key'= {
            cand --server 'The running server''s address, instead of `MCP_HOST` and `MCP_PORT`'
            cand --audit-log 'Look in this audit log instead of `AUDIT_LOG_PATH` whether the server dropped a hashed key'
            cand --env-file 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand --replace 'Put a new key in its place, with the same label, and with an end as far off where it has one'
            cand -y 'Ask nothing'
            cand --yes 'Ask nothing'
            cand --no-wait 'Do not wait until the running server refuses it'
            cand --print 'Print the new key to standard output, which need not be a terminal'
            cand --json 'Say what was done as JSON'
            cand --in-place 'Overwrite a file that cannot be replaced, since it is mounted as a single file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;audit-summary'= {
            cand --log 'Read these instead of the log that `serve` writes: files, folders, patterns, `-` for standard input; files that a log was before are found beside it, compressed ones too'
            cand --env-file 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand --since 'Count from this time on: RFC 3339, a date, or how long ago (`7d`, `12h`, `30m`)'
            cand --until 'Count what is before this time; of a date, all of that day is counted'
            cand -o 'Write it to this file, which is replaced; `-` is standard output'
            cand --output 'Write it to this file, which is replaced; `-` is standard output'
            cand --top 'Show this many of each kind'
            cand --fail-on 'Exit with code 4 if a bound is passed: `denied>100,blocked>0,breaks>0`'
            cand --json 'Say it as JSON, for programs'
            cand --csv 'Say it as CSV, for spreadsheets'
            cand --html 'Say it as one page for a browser, with charts, complete in itself'
            cand --strict 'Exit with code 1 if a line is no record and not empty, or a file cannot be read to its end'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand verify 'Check that the audit log is what was written'
            cand tail 'Show the newest records of the audit log, one a line'
        }
        &'aegis;audit-summary;verify'= {
            cand --log 'The same, as the other commands take it'
            cand --head 'A record with this SHA-256 must be in the log: the `head` of a checkpoint'
            cand --seal-key 'The file with the key that the first checkpoint was sealed with'
            cand --env-file 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand --json 'Say it as JSON, for programs'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'aegis;audit-summary;tail'= {
            cand -n 'Show this many records that are there already'
            cand --lines 'Show this many records that are there already'
            cand --key 'Only what was done with this key: its hint, how that begins, or its label'
            cand --event 'Only this event: `tool_call`, `access_denied`; may be given more than once'
            cand --log 'Read this log instead of the one that `serve` writes'
            cand --env-file 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`'
            cand -f 'Go on with what is written from now on'
            cand --follow 'Go on with what is written from now on'
            cand --json 'Print the records as they stand in the log, for programs'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}
