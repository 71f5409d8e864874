# The verbs of this project. `make run` is the quick start, `make test` passes everything.
CARGO ?= cargo
PREFIX ?= /usr/local
TARGET := $(shell rustc -vV | sed -n 's/^host: //p')
AEGIS := $(or $(CARGO_TARGET_DIR),target)/$(TARGET)/release/aegis

# Flags of the environment would replace those of .cargo/config.toml, and the binary would not be static.
unexport RUSTFLAGS

.PHONY: run check test golden bench build install generate-key rotate-key check-key-age

# Serves the Gitea that .env names, else sample data. The log is here unless AUDIT_LOG_PATH says otherwise.
run: build
	@if grep -Eqs '^[[:space:]]*(export[[:space:]]+)?GITEA_URL[[:space:]]*=[[:space:]]*[^[:space:]#]' .env || [ -n "$$GITEA_URL" ]; then \
		if [ -n "$$AUDIT_LOG_PATH" ] || grep -Eqs '^[[:space:]]*(export[[:space:]]+)?AUDIT_LOG_PATH[[:space:]]*=[[:space:]]*[^[:space:]#]' .env; \
		then exec $(AEGIS) serve; else exec $(AEGIS) serve --audit-log ./audit.log; fi; \
	else exec $(AEGIS) serve --sandbox; fi

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items

test:
	$(CARGO) test --locked

# Takes over what tools, commands, man pages and completions say now. Read the difference before you commit it.
golden:
	UPDATE_GOLDEN=1 $(CARGO) test --locked --test it
	@git status --short tests/golden completions man

bench:
	$(CARGO) bench --locked

build:
	$(CARGO) build --locked --release

install: build
	install -D -m 755 $(AEGIS) $(DESTDIR)$(PREFIX)/bin/aegis
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/*.1
	install -D -m 644 completions/aegis.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/aegis
	install -D -m 644 completions/_aegis $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_aegis
	install -D -m 644 completions/aegis.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/aegis.fish

generate-key rotate-key check-key-age: build
	@$(AEGIS) $@
