//! `leeward`: reads the command line, wires it to AWS, prints what came of it.

mod wiring;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use leeward_cli::args::Arguments;
use leeward_cli::exit::{Answer, Exit, Trouble};
use leeward_cli::screen::Screen;
use leeward_cli::{at_home, carry_out};
use leeward_core::printable::{Printable, printable};
use tracing_subscriber::fmt::writer::MakeWriterExt;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Leeward's own warnings go to standard error: standard output is the answer, and what the SDK
    // has to say is in the errors.
    let stderr = || Printable(std::io::stderr());
    let own = stderr.with_filter(|event| event.target().starts_with("leeward"));
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(own)
        .without_time()
        .init();
    let json = arguments.settings.json;
    match asked(&arguments).await {
        Ok(answer) => {
            print(&answer, json);
            answer.exit.into()
        }
        Err(trouble) => {
            complain(&trouble, json);
            trouble.exit.into()
        }
    }
}

async fn asked(arguments: &Arguments) -> Result<Answer, Trouble> {
    if let Some(answer) = at_home(&arguments.command) {
        return answer;
    }
    let (office, handlers) = wiring::wire(&arguments.settings).await?;
    let live = !arguments.settings.json && std::io::stdout().is_terminal();
    // With --json what happens on the way is told beside the answer.
    if arguments.settings.json {
        let mut out = std::io::stderr();
        let mut screen = Screen::new(&mut out, false);
        return carry_out(&office, &handlers, &arguments.command, &mut screen).await;
    }
    let mut out = std::io::stdout();
    let mut screen = Screen::new(&mut out, live);
    carry_out(&office, &handlers, &arguments.command, &mut screen).await
}

/// A reader that went away (`| head`) is no error.
fn print(answer: &Answer, json: bool) {
    let mut out = std::io::stdout().lock();
    if json {
        let _ = writeln!(out, "{}", printable(&format!("{:#}", answer.json)));
    } else {
        for line in &answer.lines {
            let _ = writeln!(out, "{}", printable(line));
        }
    }
}

fn complain(trouble: &Trouble, json: bool) {
    if json {
        let told = serde_json::json!({
            "schema": 1,
            "error": { "exit": trouble.exit.code(), "kind": trouble.exit, "message": trouble.message, "lines": trouble.lines },
        });
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", printable(&format!("{told:#}")));
    }
    let word = if trouble.exit == Exit::Refused { "refused" } else { "leeward" };
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{word}: {}", printable(&trouble.to_string()));
}
