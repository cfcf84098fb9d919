//! Records, groups and the compiled database.

pub(crate) mod database;
pub(crate) mod index;
pub(crate) mod severity;
pub(crate) mod unread_records;
