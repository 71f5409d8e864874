//! What each client takes: a row a client. What is said of it is what its maker documents or what was
//! seen of it; the lines themselves are files beside this one.
use crate::cli::Client;

/// A client, and what to put where.
pub(super) struct Row {
    pub(super) client: Client,
    pub(super) name: &'static str,
    /// Where its lines go.
    pub(super) place: &'static str,
    /// What to paste; `@ROOT@` stands for the server's address, `@MCP@` for that of its protocol.
    pub(super) lines: &'static str,
    /// A file of its own that `--write` may edit.
    pub(super) file: Option<File>,
    /// Whether it asks from the machines of its maker and not from its user's.
    pub(super) is_hosted: bool,
    pub(super) notes: &'static [&'static str],
    /// What becomes of the key there, where that is not good.
    pub(super) warnings: &'static [&'static str],
}

/// A JSON file whose lines name the key's variable.
pub(super) enum File {
    /// In the folder of a project, which is where the command runs.
    OfProject(&'static str),
    /// Below its user's home folder.
    OfUser(&'static str),
}

const FROM_ENVIRONMENT: &str =
    "it takes the key from the variable AEGIS_KEY of the environment that it is started in";
const SENT: &str = "the key goes to the maker of this service with each request";

pub(super) const ROWS: &[Row] = &[
    Row {
        client: Client::ClaudeCode,
        name: "Claude Code",
        place: ".mcp.json in the folder of a project",
        lines: include_str!("lines/claude-code.json"),
        file: Some(File::OfProject(".mcp.json")),
        is_hosted: false,
        notes: &[FROM_ENVIRONMENT],
        warnings: &[
            "`claude mcp add --header` writes the key itself into a file, and `claude mcp get` prints it",
        ],
    },
    Row {
        client: Client::ClaudeDesktop,
        name: "Claude Desktop",
        place: "claude_desktop_config.json (Settings, Developer, Edit Config)",
        lines: include_str!("lines/claude-desktop.json"),
        file: None,
        is_hosted: false,
        notes: &[
            "its connectors take OAuth only, so `mcp-remote`, a bridge of others that needs Node.js, stands between",
            "for an address that is not https and not of this machine add \"--allow-http\" to the arguments",
        ],
        warnings: &["the key stands in that file: only you should be able to read it"],
    },
    Row {
        client: Client::ClaudeAi,
        name: "claude.ai",
        place: "Settings, Connectors, Add custom connector: the address",
        lines: include_str!("lines/claude-ai.txt"),
        file: None,
        is_hosted: true,
        notes: &[
            "if the form offers request headers, use them instead: @ROOT@/mcp with `Authorization: Bearer` and the key",
        ],
        warnings: &[
            SENT,
            "a key in an address ends up in the logs of proxies and in what the form shows",
        ],
    },
    Row {
        client: Client::Vscode,
        name: "VS Code",
        place: ".vscode/mcp.json in the folder of a project",
        lines: include_str!("lines/vscode.json"),
        file: Some(File::OfProject(".vscode/mcp.json")),
        is_hosted: false,
        notes: &["it asks for the key once and stores it apart from the file"],
        warnings: &[],
    },
    Row {
        client: Client::Cursor,
        name: "Cursor",
        place: "~/.cursor/mcp.json, or .cursor/mcp.json in the folder of a project",
        lines: include_str!("lines/cursor.json"),
        file: Some(File::OfUser(".cursor/mcp.json")),
        is_hosted: false,
        notes: &[FROM_ENVIRONMENT],
        warnings: &[],
    },
    Row {
        client: Client::Codex,
        name: "Codex",
        place: "~/.codex/config.toml",
        lines: include_str!("lines/codex.toml"),
        file: None,
        is_hosted: false,
        notes: &[
            FROM_ENVIRONMENT,
            "the same by its own command: codex mcp add aegis --url @ROOT@/mcp --bearer-token-env-var AEGIS_KEY",
        ],
        warnings: &[],
    },
    Row {
        client: Client::Windsurf,
        name: "Devin Desktop (formerly Windsurf)",
        place: "~/.codeium/windsurf/mcp_config.json, for its agent Cascade",
        lines: include_str!("lines/windsurf.json"),
        file: Some(File::OfUser(".codeium/windsurf/mcp_config.json")),
        is_hosted: false,
        notes: &[
            FROM_ENVIRONMENT,
            "its other agent, Devin Local, now the default, reads ~/.config/devin/mcp_config.json (Windows: %APPDATA%\\devin\\mcp_config.json), with `url` in the place of `serverUrl`",
        ],
        warnings: &[],
    },
    Row {
        client: Client::Zed,
        name: "Zed",
        place: "settings.json (zed: open settings)",
        lines: include_str!("lines/zed.json"),
        file: None,
        is_hosted: false,
        notes: &[],
        warnings: &["the key stands in that file: keep it out of synchronised and shared settings"],
    },
    Row {
        client: Client::Jetbrains,
        name: "JetBrains AI Assistant",
        place: "Settings, Tools, AI Assistant, Model Context Protocol (MCP), Add: as JSON",
        lines: include_str!("lines/jetbrains.json"),
        file: None,
        is_hosted: false,
        notes: &[],
        warnings: &["the key stands in the settings of the IDE"],
    },
    Row {
        client: Client::Librechat,
        name: "LibreChat",
        place: "librechat.yaml, and AEGIS_KEY in LibreChat's own .env",
        lines: include_str!("lines/librechat.yaml"),
        file: None,
        is_hosted: false,
        notes: &["all who use this LibreChat share the key then"],
        warnings: &[],
    },
    Row {
        client: Client::OpenWebui,
        name: "Open WebUI",
        place: "Admin Settings, External Tools, +",
        lines: include_str!("lines/open-webui.txt"),
        file: None,
        is_hosted: false,
        notes: &["from version 0.6.31 on; all who may use the connection share the key"],
        warnings: &["the key stands in the database of Open WebUI"],
    },
    Row {
        client: Client::OpenaiApi,
        name: "OpenAI API",
        place: "a shell; MODEL is the model to ask",
        lines: include_str!("lines/openai-api.sh"),
        file: None,
        is_hosted: true,
        notes: &["`require_approval` lets you see each call before it is made"],
        warnings: &[SENT],
    },
    Row {
        client: Client::AnthropicApi,
        name: "Anthropic API",
        place: "a shell; MODEL is the model to ask",
        lines: include_str!("lines/anthropic-api.sh"),
        file: None,
        is_hosted: true,
        notes: &[],
        warnings: &[SENT],
    },
    Row {
        client: Client::Langchain,
        name: "LangChain",
        place: "Python, with the package langchain-mcp-adapters",
        lines: include_str!("lines/langchain.py"),
        file: None,
        is_hosted: false,
        notes: &[FROM_ENVIRONMENT],
        warnings: &[],
    },
    Row {
        client: Client::Curl,
        name: "curl",
        place: "a shell",
        lines: include_str!("lines/curl.sh"),
        file: None,
        is_hosted: false,
        notes: &["the key comes by standard input: as an argument every process could read it"],
        warnings: &[],
    },
    Row {
        client: Client::Chatgpt,
        name: "ChatGPT",
        place: "Settings, Apps, Add custom MCP server: the address, with authentication \"none\"",
        lines: include_str!("lines/chatgpt.txt"),
        file: None,
        is_hosted: true,
        notes: &["if the form offers a key or a header, use that instead, with @ROOT@/mcp"],
        warnings: &[
            SENT,
            "a key in an address ends up in the logs of proxies and in what the form shows",
        ],
    },
];
