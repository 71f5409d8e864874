# The verbs of this project. `make run` is the quick start, `make test` passes everything.
CARGO ?= cargo
PREFIX ?= /usr/local
# Debian's zsh looks in /usr/share/zsh/vendor-completions for what is not in /usr/local.
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
TARGET := $(shell rustc -vV | sed -n 's/^host: //p')
AEGIS := $(or $(CARGO_TARGET_DIR),target)/$(TARGET)/release/aegis

# The source's time, so that archives of one commit are the same bytes.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p;T;q' Cargo.toml)
DIST := aegis-$(VERSION)-$(TARGET)

# No path of this machine gets into the binary, and two builds of one source are the same bytes.
REMAP := "--remap-path-prefix=$(CURDIR)=/aegis", "--remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo"

# Flags of the environment would replace those of .cargo/config.toml, and the binary would not be static.
unexport RUSTFLAGS

.PHONY: run check test golden bench prove build install deb dist reproduce generate-key rotate-key check-key-age

# Serves the Gitea that is set, else sample data. The log is here unless AUDIT_LOG_PATH says otherwise.
run: build
	@exec $(AEGIS) serve --sandbox-unless-configured

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
	$(CARGO) build --locked --release --config 'target.$(TARGET).rustflags = [$(REMAP)]'

install: build
	install -D -m 755 $(AEGIS) $(DESTDIR)$(PREFIX)/bin/aegis
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/*.1
	install -D -m 644 completions/aegis.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/aegis
	install -D -m 644 completions/_aegis $(DESTDIR)$(ZSHDIR)/_aegis
	install -D -m 644 completions/aegis.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/aegis.fish
	install -D -m 644 completions/aegis.elv $(DESTDIR)$(PREFIX)/share/elvish/lib/aegis.elv

# The package for Debian and Ubuntu: target/TARGET/debian/*.deb. Needs `cargo install --locked cargo-deb`.
deb: build
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(CARGO) deb --target $(TARGET) --no-build --no-strip

# dist/: an archive of the binary and all that belongs to it, and its checksum. Needs `cargo install --locked cargo-cyclonedx`.
# Of the source only what is committed: the README's first steps leave keys in deploy/.
dist: build
	rm -rf dist && mkdir -p dist/$(DIST)
	install -m 755 $(AEGIS) dist/$(DIST)/aegis
	git archive HEAD man completions deploy docs schemas .env.example README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE NOTICE | tar -xC dist/$(DIST)
	@! find dist -name '.env*' ! -name .env.example -o -name 'aegis-keys.json*' | grep .
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(CARGO) cyclonedx --quiet --format json --target $(TARGET) --override-filename aegis.cdx
	mv aegis.cdx.json dist/$(DIST)/
	cd dist && tar --sort=name --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
		-cf - $(DIST) | gzip -9n >$(DIST).tar.gz && rm -r $(DIST) && sha256sum *.tar.gz >SHA256SUMS
	@cat dist/SHA256SUMS

# Builds the committed source twice, in different places, and compares the bytes. Takes two whole builds.
reproduce:
	.ci/reproduce

# What takes longer than CI may: .ci/prove, all of it or PART="clients soak". Writes docs/PROOF.md.
prove: build
	@python3 .ci/prove $(PART)

generate-key rotate-key check-key-age: build
	@$(AEGIS) $@
