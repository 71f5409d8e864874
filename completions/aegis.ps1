
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'aegis' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'aegis'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'aegis' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve the tools to assistants')
            [CompletionResult]::new('generate-key', 'generate-key', [CompletionResultType]::ParameterValue, 'Make a key for an assistant')
            [CompletionResult]::new('rotate-key', 'rotate-key', [CompletionResultType]::ParameterValue, 'Replace a key by a new one, without a moment in which neither works')
            [CompletionResult]::new('client-config', 'client-config', [CompletionResultType]::ParameterValue, 'Print what connects a client, or put it into the client''s file')
            [CompletionResult]::new('check-key-age', 'check-key-age', [CompletionResultType]::ParameterValue, 'Say which keys are too old, and what else is wrong with them')
            [CompletionResult]::new('list-keys', 'list-keys', [CompletionResultType]::ParameterValue, 'List the keys: whose they are, how old, who used them last')
            [CompletionResult]::new('revoke-key', 'revoke-key', [CompletionResultType]::ParameterValue, 'Take a key out of use, at once and for good')
            [CompletionResult]::new('audit-summary', 'audit-summary', [CompletionResultType]::ParameterValue, 'Say what the audit log holds')
            break
        }
        'aegis;serve' {
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Listen on this address instead of `MCP_HOST`')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Listen on this port instead of `MCP_PORT`; 0 takes any that is free')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Write the audit log here instead of `AUDIT_LOG_PATH`')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Serve sample data from a forge inside this process, with a key made for this run')
            [CompletionResult]::new('--strict-perms', '--strict-perms', [CompletionResultType]::ParameterName, 'Refuse a `.env` file that others than its owner can read')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Say what would be served, ask Gitea who the token is, and stop (exit code 0 or 78)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say it as JSON')
            [CompletionResult]::new('--health', '--health', [CompletionResultType]::ParameterName, 'Ask the running server whether it is well, and stop (exit code 0 or 1)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;generate-key' {
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'What to call it, such as who will use it; saves metadata')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'Refuse it from then on: after `90d`, `12h` or `30m`, after a date or at a time; saves metadata')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print the key and nothing else')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print the key and nothing else')
            [CompletionResult]::new('--save-metadata', '--save-metadata', [CompletionResultType]::ParameterName, 'Write down its hint, label and age beside `.env`, never the key; asked on a terminal')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Put it into `.env`, which is made if there is none; a running server takes it at once')
            [CompletionResult]::new('--hashed', '--hashed', [CompletionResultType]::ParameterName, 'Show its digest too, which can stand in `.env` in its place; `--add` puts only that there')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the key and what was done with it as JSON')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Overwrite a file that cannot be replaced, since it is mounted as a single file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;rotate-key' {
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'How long the old key may be used still: `7d`, `12h`, `30m`, until a date, or `0` for not at all')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The running server''s address, instead of `MCP_HOST` and `MCP_PORT`')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Ask nothing')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Ask nothing')
            [CompletionResult]::new('--no-test', '--no-test', [CompletionResultType]::ParameterName, 'Do not ask the running server whether it takes the new key')
            [CompletionResult]::new('--print', '--print', [CompletionResultType]::ParameterName, 'Print the new key to standard output, which need not be a terminal')
            [CompletionResult]::new('--hashed', '--hashed', [CompletionResultType]::ParameterName, 'Write down only the digest of the new key, as is done where the old one is hashed')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Say which rotations are under way, and change nothing')
            [CompletionResult]::new('--finish', '--finish', [CompletionResultType]::ParameterName, 'End a rotation: the new key is tested, and the old one taken out')
            [CompletionResult]::new('--abort', '--abort', [CompletionResultType]::ParameterName, 'Take a rotation back: the new key is taken out, and the old one stays')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Ask in plain lines, as a screen reader likes it: no colours, no lists that redraw')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say what was done as JSON')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Overwrite a file that cannot be replaced, since it is mounted as a single file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;client-config' {
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Add the lines to the client''s own file, or to FILE, and keep what else is in it')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The server''s address, instead of `PUBLIC_URL` or where it listens')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say it as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;check-key-age' {
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'A key as old as this is critical')
            [CompletionResult]::new('--warn-before', '--warn-before', [CompletionResultType]::ParameterName, 'Warn this long before that; 14d, or half of it where that is less, unless given')
            [CompletionResult]::new('--unknown', '--unknown', [CompletionResultType]::ParameterName, 'What a key of unknown age is')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Look for uses in this audit log instead of `AUDIT_LOG_PATH`')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('--adopt', '--adopt', [CompletionResultType]::ParameterName, 'Write down that keys of unknown age are from today')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing where all is well')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing where all is well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say it as JSON')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Overwrite a file that cannot be replaced, since it is mounted as a single file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;list-keys' {
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Look for uses in this audit log instead of `AUDIT_LOG_PATH`')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Read the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Former keys too, and such as were made and never put into `.env`')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say it as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;revoke-key' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The running server''s address, instead of `MCP_HOST` and `MCP_PORT`')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Look in this audit log instead of `AUDIT_LOG_PATH` whether the server dropped a hashed key')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Put a new key in its place, with the same label, and with an end as far off where it has one')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Ask nothing')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Ask nothing')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Do not wait until the running server refuses it')
            [CompletionResult]::new('--print', '--print', [CompletionResultType]::ParameterName, 'Print the new key to standard output, which need not be a terminal')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say what was done as JSON')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Overwrite a file that cannot be replaced, since it is mounted as a single file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;audit-summary' {
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Read these instead of the log that `serve` writes: files, folders, patterns, `-` for standard input; files that a log was before are found beside it, compressed ones too')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Count from this time on: RFC 3339, a date, or how long ago (`7d`, `12h`, `30m`)')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Count what is before this time; of a date, all of that day is counted')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write it to this file, which is replaced; `-` is standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write it to this file, which is replaced; `-` is standard output')
            [CompletionResult]::new('--top', '--top', [CompletionResultType]::ParameterName, 'Show this many of each kind')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Exit with code 4 if a bound is passed: `denied>100,blocked>0,breaks>0`')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say it as JSON, for programs')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Say it as CSV, for spreadsheets')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Say it as one page for a browser, with charts, complete in itself')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit with code 1 if a line is no record and not empty, or a file cannot be read to its end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that the audit log is what was written')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Show the newest records of the audit log, one a line')
            break
        }
        'aegis;audit-summary;verify' {
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The same, as the other commands take it')
            [CompletionResult]::new('--head', '--head', [CompletionResultType]::ParameterName, 'A record with this SHA-256 must be in the log: the `head` of a checkpoint')
            [CompletionResult]::new('--seal-key', '--seal-key', [CompletionResultType]::ParameterName, 'The file with the key that the first checkpoint was sealed with')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Say it as JSON, for programs')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'aegis;audit-summary;tail' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show this many records that are there already')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Show this many records that are there already')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Only what was done with this key: its hint, how that begins, or its label')
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'Only this event: `tool_call`, `access_denied`; may be given more than once')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Read this log instead of the one that `serve` writes')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on with what is written from now on')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on with what is written from now on')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the records as they stand in the log, for programs')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
