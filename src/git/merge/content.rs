//! The three versions of one entry become one.

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::objs::Kind;

use super::super::error::GitError;
use super::attributes::{Attributes, Driver};
use super::collect::Reason;
use super::lines;
use super::objects::{Objects, Sort, Version};
use super::text::{self, Style};

/// What the markers of conflicts name.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Our side: the branch that takes the change.
    pub ours: String,
    /// Their side: the change.
    pub theirs: String,
}

/// An entry as merged.
pub(super) struct MergedEntry {
    pub(super) version: Version,
    /// Why a person has to look at it.
    pub(super) conflict: Option<Reason>,
}

/// How many characters a marker has, where no attribute says so.
const MARKER: usize = 7;

/// Merges entries of one sort.
pub(super) struct Entries<'m> {
    pub(super) objects: &'m mut Objects,
    pub(super) labels: &'m Labels,
    pub(super) attributes: &'m Attributes,
}

impl Entries<'_> {
    /// Merges `versions`, of which both sides are of one sort, by the attributes of `path`; `names` are their paths, and markers are
    /// longer by `extra`.
    pub(super) fn merge(
        &mut self,
        path: &BStr,
        versions: &[Version; 3],
        names: &[BString; 3],
        extra: usize,
    ) -> Result<MergedEntry, GitError> {
        let [base, ours, theirs] = *versions;
        let mut conflict = None;
        let mode = if ours.mode == theirs.mode || ours.mode == base.mode {
            theirs.mode
        } else {
            if theirs.mode != base.mode {
                conflict = Some(Reason::Mode);
            }
            ours.mode
        };
        let is_two_way = base.sort() != ours.sort();
        let (id, content) = if ours.id == theirs.id || ours.id == base.id {
            (theirs.id, None)
        } else if theirs.id == base.id {
            (ours.id, None)
        } else {
            match ours.sort() {
                Sort::Submodule => (ours.id, Some(Reason::Submodule)),
                Sort::Link => (ours.id, Some(Reason::Link)),
                Sort::File | Sort::Folder | Sort::Nothing => {
                    let base = (!is_two_way).then_some(base.id);
                    self.text((path, extra), base, [ours.id, theirs.id], names)?
                }
            }
        };
        Ok(MergedEntry {
            version: Version { mode, id },
            conflict: content.or(conflict),
        })
    }

    fn text(
        &mut self,
        (path, extra): (&BStr, usize),
        base: Option<gix::ObjectId>,
        [ours, theirs]: [gix::ObjectId; 2],
        names: &[BString; 3],
    ) -> Result<(gix::ObjectId, Option<Reason>), GitError> {
        let merge = self.attributes.of(path);
        let bytes = match base {
            Some(base) => self.objects.blob(base)?,
            None => Some([].into()),
        };
        let (Some(base), Some(one), Some(two)) =
            (bytes, self.objects.blob(ours)?, self.objects.blob(theirs)?)
        else {
            return Ok((ours, Some(Reason::Binary)));
        };
        let is_binary = [&base, &one, &two]
            .into_iter()
            .any(|bytes| lines::is_binary(bytes));
        if is_binary || merge.driver == Driver::Binary {
            return Ok((ours, Some(Reason::Binary)));
        }
        let labels = self.labels(names);
        let style = Style {
            labels: [labels[0].as_slice(), labels[1].as_slice()],
            marker: merge.marker.unwrap_or(MARKER) + extra,
            is_union: merge.driver == Driver::Union,
        };
        let merged = text::merge(&base, &one, &two, style);
        let reason = (merged.conflicts > 0).then_some(Reason::Content);
        Ok((self.objects.write(Kind::Blob, merged.bytes)?, reason))
    }

    /// What the markers say; with the path where the versions have different ones.
    fn labels(&self, names: &[BString; 3]) -> [Vec<u8>; 2] {
        let is_one = names[0] == names[1] && names[1] == names[2];
        let label = |label: &str, name: &BStr| {
            let mut label = label.as_bytes().to_vec();
            if !is_one {
                label.push(b':');
                label.extend_from_slice(name);
            }
            label
        };
        [
            label(&self.labels.ours, names[1].as_bstr()),
            label(&self.labels.theirs, names[2].as_bstr()),
        ]
    }
}
