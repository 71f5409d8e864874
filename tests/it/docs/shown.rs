//! Blocks that show what the program prints, and are compared with it or with its golden files.
use std::fs;

use aegis::cli::Client;
use clap::ValueEnum;

use super::{
    likeness::is_alike,
    page::{Page, root},
};
use crate::cli::{aegis, text};

/// Where the clients of the documents find the server.
const SERVER: &str = "https://mcp.example.org";

#[test]
fn each_client_has_the_lines_that_client_config_prints() {
    let page = Page::read("docs/CLIENTS.md");
    let blocks = page.blocks();
    let mut wrong = Vec::new();
    for client in Client::value_variants() {
        let arguments = ["client-config", &client.to_string(), "--server", SERVER];
        let printed = aegis(&arguments).output().unwrap();
        let marker = format!("client-config {client}");
        let block = blocks.iter().find(|block| block.marker == marker);
        if block.is_none_or(|block| block.text != text(&printed.stdout)) {
            wrong.push(format!("{client}:\n{}", text(&printed.stdout)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn screens_are_those_that_tests_hold_the_program_to() {
    let mut wrong = Vec::new();
    for page in Page::all() {
        for block in page.blocks() {
            let Some(name) = block.marker.strip_prefix("as ") else {
                continue;
            };
            let golden = fs::read_to_string(root().join("tests/golden").join(name)).unwrap();
            let golden = golden
                .replace("<key>", &"0".repeat(64))
                .replace("<hint>", "00000000...0000")
                .replace("<root>", "http://127.0.0.1:8080");
            if !is_alike(&block.text, &golden) {
                wrong.push(format!("{}:{}: {golden}", page.path, block.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_marker_is_one_that_a_test_knows() {
    let mut wrong = Vec::new();
    for page in Page::all() {
        for block in page.blocks() {
            let word = block.marker.split(' ').next().unwrap_or_default();
            if !["", "run", "prints", "as", "client-config"].contains(&word) {
                wrong.push(format!("{}:{}: {word}", page.path, block.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
