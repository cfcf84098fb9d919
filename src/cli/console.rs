//! What a person sees while a command runs: warnings and progress, on standard error.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::arguments::{ErrorForm, OutputOptions};
use super::output;
use crate::config::index::Location;
use crate::database::update::Event;
use crate::session::{Observer, Session};
use crate::sys::web::Silence;
use crate::text::count::thousands;
use crate::text::escape;

/// What ends sooner shows no progress.
const PATIENCE: Duration = Duration::from_millis(500);

/// What ends sooner gets no line in a log.
const LONG: Duration = Duration::from_secs(2);

/// The standard error of a command.
pub struct Console<'v> {
    options: &'v OutputOptions,
    bar: Mutex<Option<ProgressBar>>,
    log: Arc<Log>,
}

/// What a log has of the work that goes on.
#[derive(Debug, Default)]
struct Log {
    /// A line of its own stands there already.
    noted: AtomicBool,
    /// [`LONG`] has passed, and a line says what is done.
    begun: AtomicBool,
}

/// Who reads standard error while the command runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// A person at a terminal: a line that changes.
    Person,
    /// A log: a line at the start and one at the end.
    Log,
    /// There is none, or it is a program that wants errors alone.
    None,
}

impl<'v> Console<'v> {
    /// Prints what `options` ask for.
    #[must_use]
    pub fn new(options: &'v OutputOptions) -> Self {
        Self {
            options,
            bar: Mutex::new(None),
            log: Arc::default(),
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

    fn reader(&self) -> Reader {
        match (
            self.options.quiet,
            std::io::stderr().is_terminal(),
            self.options.errors,
        ) {
            (true, ..) => Reader::None,
            (false, true, _) => Reader::Person,
            (false, false, ErrorForm::Text) => Reader::Log,
            (false, false, ErrorForm::Json) => Reader::None,
        }
    }

    /// The bar of what is worked on, which shows itself after [`PATIENCE`].
    fn bar(&self) -> ProgressBar {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = || match self.reader() {
            Reader::Person => begin(),
            Reader::Log => begin_log(&self.log),
            Reader::None => ProgressBar::hidden(),
        };
        bar.get_or_insert_with(begun).clone()
    }
}

/// A bar that is not shown yet.
fn begin() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    let later = bar.clone();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if !later.is_finished() {
            later.set_draw_target(ProgressDrawTarget::stderr());
            later.enable_steady_tick(Duration::from_millis(100));
        }
    });
    bar
}

/// Work that is not shown: a log gets a line where it takes [`LONG`].
fn begin_log(log: &Arc<Log>) -> ProgressBar {
    let bar = ProgressBar::hidden();
    let (later, log) = (bar.clone(), Arc::clone(log));
    std::thread::spawn(move || {
        std::thread::sleep(LONG);
        if !later.is_finished() && !log.noted.load(Ordering::Relaxed) {
            log.begun.store(true, Ordering::Relaxed);
            line(&later.message());
        }
    });
    bar
}

fn line(text: &str) {
    // A failure to write to standard error has nowhere to go.
    let _ = writeln!(std::io::stderr().lock(), "{}", escape::terminal(text));
}

impl Observer for Console<'_> {
    fn warn(&self, text: &str) {
        output::warn(self.options, text);
    }

    fn note(&self, text: &str) {
        if self.reader() == Reader::Log {
            self.log.noted.store(true, Ordering::Relaxed);
            line(text);
        }
    }

    fn working(&self, text: &str) {
        self.bar().set_message(escape::terminal(text));
    }

    fn progress(&self, event: &Event<'_>) {
        let text = message(event);
        match event {
            // It may take a minute, in which nothing else happens.
            Event::Waiting { .. } => self.note(&text),
            Event::Asking { .. }
            | Event::Listing { .. }
            | Event::Archive { .. }
            | Event::Records { .. }
            | Event::Index { .. }
            | Event::Document { .. }
            | Event::Compiling => {}
        }
        self.working(&text);
    }

    fn silence(&self) -> Silence {
        let (reader, bar) = (self.reader(), self.bar());
        let told = Mutex::new(BTreeSet::new());
        Box::new(move |what| {
            let text = format!("no answer yet from {what}");
            // One attempt after the other waits for the same.
            let is_new = |text: &str| {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                told.insert(text.to_owned())
            };
            match reader {
                Reader::Person => bar.set_message(escape::terminal(&text)),
                Reader::Log if is_new(&text) => line(&text),
                Reader::Log | Reader::None => {}
            }
        })
    }

    fn finished(&self) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(bar) = bar {
            bar.finish_and_clear();
            if self.log.begun.swap(false, Ordering::Relaxed) {
                line(&format!("done after {} s", bar.elapsed().as_secs()));
            }
        }
    }
}

fn message(event: &Event<'_>) -> String {
    let amount = |held: u64, total: Option<u64>| match total {
        Some(total) => format!("{:.1} of {:.1} MB", megabytes(held), megabytes(total)),
        None => format!("{:.1} MB", megabytes(held)),
    };
    match *event {
        Event::Waiting { folder } => format!(
            "another update works in {}; waiting for it to end",
            folder.display()
        ),
        Event::Asking { address } => format!("waiting for {address}"),
        Event::Listing { ecosystem } => format!("{ecosystem}: what changed"),
        Event::Archive {
            ecosystem,
            held,
            total,
        } => format!("{ecosystem}: {}", amount(held, total)),
        Event::Records { ecosystem, done, of } => format!(
            "{ecosystem}: {} of {} records",
            thousands(done as u64),
            thousands(of as u64)
        ),
        Event::Index { held, total } => format!("advisory database: {}", amount(held, total)),
        Event::Document { name } => name.to_owned(),
        Event::Compiling => "writing the advisory database".to_owned(),
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
