//! Grammars that several formats share, each named after its standard.
