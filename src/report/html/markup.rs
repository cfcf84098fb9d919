//! Markup whose text is escaped by its type: only literals of this program are written as they are.

use std::borrow::Cow;

use crate::text::escape::html;

/// A part of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Appends tags that are written in the program.
    pub(super) fn literal(&mut self, tags: &'static str) {
        self.0.push_str(tags);
    }

    /// Appends text, escaped, or other markup.
    pub(super) fn add(&mut self, part: impl Show) {
        part.show(self);
    }

    /// Text alone.
    pub(super) fn of(part: impl Show) -> Self {
        let mut markup = Self::default();
        markup.add(part);
        markup
    }

    /// The parts with `between` between them.
    pub(super) fn joined(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let parts: Vec<String> = parts.into_iter().map(|part| part.0).collect();
        Self(parts.join(between))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What may be a part of a page.
pub(super) trait Show {
    /// Appends it, escaped unless it is markup.
    fn show(&self, out: &mut Markup);
}

impl Show for Markup {
    fn show(&self, out: &mut Markup) {
        out.0.push_str(&self.0);
    }
}

impl Show for str {
    fn show(&self, out: &mut Markup) {
        out.0.push_str(&html(self));
    }
}

impl Show for String {
    fn show(&self, out: &mut Markup) {
        self.as_str().show(out);
    }
}

impl Show for Cow<'_, str> {
    fn show(&self, out: &mut Markup) {
        self.as_ref().show(out);
    }
}

impl Show for usize {
    fn show(&self, out: &mut Markup) {
        self.to_string().show(out);
    }
}

impl<S: Show + ?Sized> Show for &S {
    fn show(&self, out: &mut Markup) {
        (*self).show(out);
    }
}

impl<S: Show> Show for Option<S> {
    fn show(&self, out: &mut Markup) {
        self.iter().for_each(|part| part.show(out));
    }
}

impl<S: Show> Show for Vec<S> {
    fn show(&self, out: &mut Markup) {
        self.iter().for_each(|part| part.show(out));
    }
}

/// Literals, each with at most one value in parentheses behind it: `markup!("<b>" (name) "</b>")`.
macro_rules! markup {
    ($($tags:literal $(($value:expr))?)*) => {{
        let mut markup = $crate::report::html::markup::Markup::default();
        $(
            markup.literal($tags);
            $(markup.add(&$value);)?
        )*
        markup
    }};
}

pub(super) use markup;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literals_are_tags() {
        let name = "<b>&\"".to_owned();
        let inner = markup!("<i>" (name) "</i>" (Some("'")) "" (7));
        assert_eq!(inner.as_str(), "<i>&lt;b&gt;&amp;&quot;</i>&#39;7");
        let outer = Markup::joined([markup!("<p>"(inner)), Markup::of(vec!["<", ">"])], "<br>");
        assert_eq!(outer.as_str(), "<p><i>&lt;b&gt;&amp;&quot;</i>&#39;7<br>&lt;&gt;");
    }
}
