//! The grid: one row an advisory and its package, one column a ref, for `lockkeeper status`; and the lines themselves, for
//! `lockkeeper refs`.
//!
//! To add a form of the grid: write `report/grid/x.rs` and add it to [`FORMS`]. The HTML is beside that of a
//! scan, with which it shares its page.

pub(super) mod columns;
pub mod csv;
pub mod json;
pub mod markdown;
pub(super) mod metrics;
pub mod refs;
mod table;
pub mod terminal;
pub(super) mod texts;
pub(super) mod verdicts;

use super::Form;
use crate::model::Grid;

/// Every form of a grid, in alphabetical order.
pub static FORMS: &[Form<Grid>] = &[
    Form {
        name: "csv",
        write: csv::write,
    },
    Form {
        name: "html",
        write: super::html::grid::write,
    },
    Form {
        name: "json",
        write: json::write,
    },
    Form {
        name: "markdown",
        write: markdown::write,
    },
    Form {
        name: "terminal",
        write: terminal::write,
    },
];
