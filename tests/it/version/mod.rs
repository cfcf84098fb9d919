//! Version orders.

pub(crate) mod crosscheck_pypi;
pub(crate) mod order;
pub(crate) mod range;
