//! What each man page has that no help says: files, which settings are read, examples.

/// What a page has beside its command's help.
pub(super) struct Sections {
    /// Of the page: `aegis-audit-summary-tail`.
    pub(super) page: &'static str,
    pub(super) files: &'static [&'static str],
    /// `all` is every setting.
    pub(super) environment: &'static [&'static str],
    /// What is typed, and why.
    pub(super) examples: &'static [(&'static str, &'static str)],
}

pub(super) const PAGES: &[Sections] = &[
    Sections {
        page: "aegis",
        files: &[ENV, KEYS, LOG],
        environment: &["AEGIS_ENV_FILE"],
        examples: &[
            (
                "aegis serve --sandbox",
                "Look around, with sample data and a key made for this run:",
            ),
            (
                "aegis generate-key --add --label laptop",
                "Make `.env` if there is none, with a key for an assistant:",
            ),
            (
                "aegis serve --check",
                "With the forge's address and access token in `.env` too, see what would be served:",
            ),
        ],
    },
    Sections {
        page: "aegis-serve",
        files: &[ENV, KEYS, LOG, HEAD, BALLAST],
        environment: &["all"],
        examples: &[
            (
                "aegis serve --check --env-file /etc/aegis/.env",
                "See what would be served, and whether the forge takes the access token:",
            ),
            (
                "aegis serve --audit-log ./audit.log",
                "Serve, with the audit log in this folder:",
            ),
            (
                "aegis serve --sandbox",
                "Serve sample data, with a key made for this run:",
            ),
        ],
    },
    Sections {
        page: "aegis-generate-key",
        files: &[ENV, KEYS],
        environment: &["AEGIS_ENV_FILE", "AEGIS_KEYS_FILE"],
        examples: &[
            (
                "aegis generate-key --add --label laptop",
                "Put a new key into `.env`, and show it once:",
            ),
            (
                "aegis generate-key --add --label visitor --expires 7d",
                "For a week only:",
            ),
        ],
    },
    Sections {
        page: "aegis-rotate-key",
        files: &[ENV, KEYS],
        environment: &[
            "AEGIS_ENV_FILE",
            "AEGIS_KEYS_FILE",
            "AUDIT_LOG_PATH",
            "MCP_HOST",
            "MCP_PORT",
        ],
        examples: &[
            ("aegis rotate-key", "Be led through it:"),
            (
                "aegis rotate-key laptop --yes --grace 12h --print",
                "Without a question; the old key works for twelve hours more:",
            ),
            ("aegis rotate-key --status", "See where rotations stand:"),
        ],
    },
    Sections {
        page: "aegis-client-config",
        files: &[ENV, CLIENT],
        environment: &[
            "AEGIS_ENV_FILE",
            "PUBLIC_URL",
            "MCP_HOST",
            "MCP_PORT",
            "HOME",
        ],
        examples: &[
            ("aegis client-config", "See which clients are known:"),
            (
                "aegis client-config curl --server https://mcp.example.org",
                "Print what to type in a shell:",
            ),
            (
                "aegis client-config cursor --write",
                "Put the lines into the client's own file:",
            ),
        ],
    },
    Sections {
        page: "aegis-check-key-age",
        files: &[ENV, KEYS, LOG],
        environment: &["AEGIS_ENV_FILE", "AEGIS_KEYS_FILE", "AUDIT_LOG_PATH"],
        examples: &[
            (
                "aegis check-key-age --quiet --env-file /etc/aegis/.env",
                "Each day, by cron:",
            ),
            (
                "aegis check-key-age --max-age 30d --unknown critical",
                "More strictly:",
            ),
        ],
    },
    Sections {
        page: "aegis-list-keys",
        files: &[ENV, KEYS, LOG],
        environment: &["AEGIS_ENV_FILE", "AEGIS_KEYS_FILE", "AUDIT_LOG_PATH"],
        examples: &[
            (
                "aegis list-keys",
                "See whose keys are in force, and who used them last:",
            ),
            (
                "aegis list-keys --all --json",
                "Former keys too, for a program:",
            ),
        ],
    },
    Sections {
        page: "aegis-revoke-key",
        files: &[ENV, KEYS, LOG],
        environment: &[
            "AEGIS_ENV_FILE",
            "AEGIS_KEYS_FILE",
            "AUDIT_LOG_PATH",
            "MCP_HOST",
            "MCP_PORT",
        ],
        examples: &[
            (
                "aegis revoke-key a1b2c3d4...e1f2",
                "A key that somebody else may have:",
            ),
            (
                "aegis revoke-key laptop --replace",
                "Put a new one in its place:",
            ),
        ],
    },
    Sections {
        page: "aegis-audit-summary",
        files: &[ENV, LOG],
        environment: &["AEGIS_ENV_FILE", "AUDIT_LOG_PATH"],
        examples: &[
            ("aegis audit-summary weekly report", "The last seven days:"),
            (
                "aegis audit-summary daily --fail-on 'denied>100,blocked>0,breaks>0,cuts>0'",
                "Each day, by cron; it ends with 4 where somebody must look:",
            ),
            (
                "aegis audit-summary monthly --html --output month.html",
                "As a page for a browser:",
            ),
        ],
    },
    Sections {
        page: "aegis-audit-summary-verify",
        files: &[ENV, LOG, HEAD],
        environment: &["AEGIS_ENV_FILE", "AUDIT_LOG_PATH", "AUDIT_CHECKPOINT_FILE"],
        examples: &[
            (
                "aegis audit-summary verify",
                "The log that `serve` writes, with the files that it was before:",
            ),
            (
                "aegis audit-summary verify --seal-key first.key",
                "With a copy of the first key that sealed checkpoints:",
            ),
        ],
    },
    Sections {
        page: "aegis-audit-summary-tail",
        files: &[ENV, LOG],
        environment: &["AEGIS_ENV_FILE", "AUDIT_LOG_PATH"],
        examples: &[
            (
                "aegis audit-summary tail --follow",
                "Watch what is written:",
            ),
            (
                "aegis audit-summary tail --lines 50 --event access_denied",
                "See who was refused:",
            ),
        ],
    },
];

const ENV: &str = ".env";
const KEYS: &str = "aegis-keys.json";
const LOG: &str = aegis::config::DEFAULT_AUDIT_LOG;
const HEAD: &str = ".audit.log.head";
const BALLAST: &str = ".audit.log.ballast";
const CLIENT: &str = "the client's own";

/// What is in a file.
pub(super) fn file(name: &str) -> &'static str {
    match name {
        ENV => {
            "Settings and keys, for its owner alone (mode 600); `/etc/aegis/.env` for the server of the package."
        }
        KEYS => "What is written down about keys, never a key; beside `.env`.",
        LOG => {
            "The audit log, unless `AUDIT_LOG_PATH` names another; beside it those that it was before."
        }
        HEAD => "The newest record, as the server remembers it; beside the audit log.",
        BALLAST => "Room for what must be told when the disk is full; beside the audit log.",
        CLIENT => "`aegis client-config` names it for each.",
        _ => unreachable!("nothing is known of {name}"),
    }
}

/// What is read from the environment and is no setting of ours.
pub(super) const OTHERS: [(&str, &str); 2] = [
    ("HOME", "Where a client's own file is."),
    ("NO_COLOR", "If it is set to anything, nothing is coloured."),
];
