//! What a person sees while a command runs: warnings and progress, on standard error.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::arguments::OutputOptions;
use super::output;
use crate::config::index::Location;
use crate::database::update::Event;
use crate::session::{Observer, Session};
use crate::text::escape;

/// The standard error of a command.
pub struct Console<'v> {
    options: &'v OutputOptions,
    bar: OnceLock<ProgressBar>,
}

impl<'v> Console<'v> {
    /// Prints what `options` ask for.
    #[must_use]
    pub fn new(options: &'v OutputOptions) -> Self {
        Self {
            options,
            bar: OnceLock::new(),
        }
    }

    /// A session by itself: what its clone lacks is lacking.
    #[must_use]
    pub fn session<'s>(&'s self, location: &'s Location, now: Timestamp) -> Session<'s> {
        Session {
            location,
            now,
            offline: self.options.offline,
            observer: self,
            remote: None,
            default_branch: None,
            repository: "",
        }
    }
}

impl Observer for Console<'_> {
    fn warn(&self, text: &str) {
        output::warn(self.options, text);
    }

    fn progress(&self, event: &Event<'_>) {
        let bar = self.bar.get_or_init(|| bar(self.options));
        bar.set_message(escape::terminal(&message(event)));
        bar.tick();
    }

    fn finished(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// A bar on standard error; nothing where that is no terminal or the user wants quiet.
pub fn bar(options: &OutputOptions) -> ProgressBar {
    if options.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar
}

fn message(event: &Event<'_>) -> String {
    let amount = |held: u64, total: Option<u64>| match total {
        Some(total) => format!("{:.1} of {:.1} MB", megabytes(held), megabytes(total)),
        None => format!("{:.1} MB", megabytes(held)),
    };
    match *event {
        Event::Waiting => "another update works here; waiting for it".to_owned(),
        Event::Listing { ecosystem } => format!("{ecosystem}: what changed"),
        Event::Archive {
            ecosystem,
            held,
            total,
        } => format!("{ecosystem}: {}", amount(held, total)),
        Event::Records { ecosystem, done, of } => format!("{ecosystem}: {done} of {of} records"),
        Event::Index { held, total } => format!("advisory database: {}", amount(held, total)),
        Event::Document { name } => name.to_owned(),
        Event::Compiling => "writing the advisory database".to_owned(),
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
