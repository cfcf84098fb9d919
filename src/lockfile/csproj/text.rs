//! Texts of a project file, and where they stand.

use std::borrow::Cow;
use std::ops::Range;

use crate::text::Span;
use crate::text::xml::{Attribute, Element};

/// A text and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Text<'d> {
    pub(super) says: Cow<'d, str>,
    pub(super) span: Span,
    /// It stands there as it is, without a reference to a character.
    pub(super) is_plain: bool,
}

impl<'d> Text<'d> {
    pub(super) fn of_attribute(attribute: Attribute<'d>) -> Self {
        let is_plain = attribute.value.len() == attribute.span.len();
        Self {
            says: attribute.value,
            span: attribute.span,
            is_plain,
        }
        .trimmed()
    }

    pub(super) fn of_element(element: Element<'d>) -> Self {
        let (says, span) = (element.text(), element.text_span());
        let is_plain = says.len() == span.len();
        Self { says, span, is_plain }
    }

    pub(super) fn into_owned(self) -> Text<'static> {
        Text {
            says: Cow::Owned(self.says.into_owned()),
            span: self.span,
            is_plain: self.is_plain,
        }
    }

    fn trimmed(self) -> Self {
        let start = self.says.len().saturating_sub(self.says.trim_start().len());
        let length = self.says.trim().len();
        self.part(start..start.saturating_add(length))
    }

    /// The bytes `range` of it.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        let says = match &self.says {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(range.clone()).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(range.clone()).unwrap_or_default().to_owned()),
        };
        Self {
            says,
            span: self.span_of(range),
            is_plain: self.is_plain,
        }
    }

    /// Where the bytes `range` of it stand. With a reference in it all of it is the place.
    pub(super) fn span_of(&self, range: Range<usize>) -> Span {
        match self.is_plain {
            true => self.span.inside(range),
            false => self.span,
        }
    }
}
