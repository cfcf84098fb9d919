//! Where advisories come from.

pub(crate) mod osv_export;
