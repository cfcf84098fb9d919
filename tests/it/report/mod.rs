//! Every report, read by somebody else.

pub(crate) mod bill;
pub(crate) mod corpus;
pub(crate) mod cyclonedx;
pub(crate) mod grid;
pub(crate) mod grid_page;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod json_schemas;
pub(crate) mod markdown;
pub(crate) mod on_the_way;
pub(crate) mod openvex;
pub(crate) mod pull_request;
pub(crate) mod registry;
pub(crate) mod sarif;
pub(crate) mod sarif_levels;
pub(crate) mod spdx;
pub(crate) mod terminal;
pub(crate) mod ways_out;
pub(crate) mod what_people_see;
pub(crate) mod wording;
