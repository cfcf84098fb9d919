//! Files that are known so far, as a tree: it notes what a reader would have liked to see, so that this can be learnt and the reader
//! asked again. Poms of a repository are files of it too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Derivation, Derived, Tree, TreePath, Unread};

/// A reader is asked again at most so many times.
const MAX_ROUNDS: usize = 200;

/// What is known of a tree and of a repository.
#[derive(Default)]
pub struct Snapshot {
    /// `None` for one that is not there.
    files: BTreeMap<TreePath, Option<Arc<[u8]>>>,
    /// Whether poms of a repository are asked for.
    repository: Repository,
    wanted: Mutex<Wanted>,
    derived: Mutex<HashMap<(TreePath, &'static str), Derived>>,
}

/// Whether poms of a repository are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repository {
    /// The tree is all there is.
    #[default]
    None,
    /// What the tree lacks is asked for.
    Asked,
}

/// What a reader would have liked to see.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Files of the tree.
    pub files: BTreeSet<TreePath>,
    /// Poms of a repository: `groupId:artifactId` and the version.
    pub poms: BTreeSet<(String, String)>,
}

impl Snapshot {
    /// Nothing is known.
    #[must_use]
    pub fn new(repository: Repository) -> Self {
        Self {
            repository,
            ..Self::default()
        }
    }

    /// The file at `path` has this text; `None` for one that is not there.
    pub fn put(&mut self, path: TreePath, text: Option<&str>) {
        self.files.insert(path, text.map(|text| text.as_bytes().into()));
    }

    /// The repository has this pom; `None` for one that it does not have.
    pub fn publish(&mut self, name: &str, version: &str, text: Option<&str>) {
        let (group, artifact) = name.split_once(':').unwrap_or((name, ""));
        if let Some(path) = path_of(group, artifact, version) {
            self.put(path, text);
        }
    }

    /// The files of the tree that are known, each with its text; `None` for one that is not there.
    pub fn files(&self) -> impl Iterator<Item = (&TreePath, Option<&str>)> {
        let of_tree = self.files.iter().filter(|(path, _)| !path.is_outside());
        of_tree.map(|(path, bytes)| {
            let text = bytes
                .as_ref()
                .map(|bytes| std::str::from_utf8(bytes).unwrap_or_default());
            (path, text)
        })
    }

    /// What was looked for since the last time, and is not known.
    #[must_use]
    pub fn take_wanted(&mut self) -> Wanted {
        std::mem::take(&mut locked(&self.wanted))
    }

    /// What `make` gives when every file that it looks for is known; `read` gives the text of a file of the tree.
    pub fn filled<T>(
        &mut self,
        read: &dyn Fn(&TreePath) -> Option<String>,
        make: impl Fn(&dyn Tree) -> T,
    ) -> T {
        let mut made = make(self);
        for _ in 0..MAX_ROUNDS {
            let files = std::mem::take(&mut locked(&self.wanted).files);
            if files.is_empty() {
                break;
            }
            for path in files {
                let text = read(&path);
                self.put(path, text.as_deref());
            }
            made = make(self);
        }
        made
    }
}

impl Tree for Snapshot {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        match self.files.get(path) {
            Some(Some(bytes)) => Ok(Arc::clone(bytes)),
            Some(None) => Err(Unread::Absent),
            None => {
                if !path.is_outside() {
                    locked(&self.wanted).files.insert(path.clone());
                }
                Err(Unread::Absent)
            }
        }
    }

    fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        let key = (path.clone(), how.name());
        if let Some(known) = locked(&self.derived).get(&key) {
            return Ok(Arc::clone(known));
        }
        let bytes = self.read(path)?;
        let derived = how.derive(path, &bytes);
        locked(&self.derived).insert(key, Arc::clone(&derived));
        Ok(derived)
    }

    fn published(&self, _: &TreePath, group: &str, artifact: &str, version: &str) -> Option<TreePath> {
        if self.repository == Repository::None {
            return None;
        }
        let path = path_of(group, artifact, version)?;
        match self.files.get(&path) {
            Some(text) => text.as_ref().map(|_| path),
            None => {
                let name = format!("{group}:{artifact}");
                locked(&self.wanted).poms.insert((name, version.to_owned()));
                None
            }
        }
    }
}

/// Where the pom of an artifact is; `None` for what no repository has.
#[must_use]
pub fn path_of(group: &str, artifact: &str, version: &str) -> Option<TreePath> {
    let is_plain = |text: &str| {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'~');
        !text.is_empty() && !matches!(text, "." | "..") && text.bytes().all(is_allowed)
    };
    let is_named = is_plain(group) && is_plain(artifact) && is_plain(version);
    is_named.then_some(())?;
    TreePath::outside(&format!("/{group}/{artifact}/{version}/pom.xml"))
}

/// A panic leaves what is noted whole: each change is one insertion.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockfile::pom::declared;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn what_is_looked_for_is_learnt() {
        let parent = "<project><groupId>g</groupId><artifactId>p</artifactId><version>1</version><packaging>pom</packaging>
            <properties><v>2.0</v></properties></project>";
        let child =
            "<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent>
            <artifactId>c</artifactId><dependencies><dependency><groupId>x</groupId><artifactId>y</artifactId>
            <version>${v}</version></dependency></dependencies></project>";
        let read = |at: &TreePath| match at.to_string().as_str() {
            "pom.xml" => Some(parent.to_owned()),
            "c/pom.xml" => Some(child.to_owned()),
            _ => None,
        };
        let mut snapshot = Snapshot::new(Repository::None);
        let resolved = snapshot.filled(&read, |tree| declared::read(&path("c/pom.xml"), tree));
        let [declaration] = &resolved.declarations[..] else {
            panic!("{resolved:?}")
        };
        assert_eq!(
            (declaration.name.as_str(), declaration.version.as_str()),
            ("x:y", "2.0")
        );
        assert_eq!(declaration.file, path("pom.xml"));
        assert_eq!(declaration.at.of(parent), "2.0");
        assert_eq!(declaration.form, declared::Form::Property("v".to_owned()));
        let asked = declaration.asked.clone().unwrap();
        assert_eq!((asked.file, asked.at.of(child)), (path("c/pom.xml"), "${v}"));
        assert_eq!(asked.text, "${v}");
        assert_eq!(snapshot.take_wanted(), Wanted::default());
    }

    #[test]
    fn parents_and_boms_of_a_repository_decide() {
        let mut snapshot = Snapshot::new(Repository::Asked);
        let wanted = |snapshot: &mut Snapshot| {
            let found = declared::needs("g:a", "1", snapshot);
            let wanted = snapshot.take_wanted();
            assert!(wanted.files.is_empty(), "{wanted:?}");
            (
                found,
                wanted.poms.into_iter().map(|(name, _)| name).collect::<Vec<_>>(),
            )
        };
        assert_eq!(wanted(&mut snapshot), (None, vec!["g:a".to_owned()]));
        snapshot.publish(
            "g:a",
            "1",
            Some("<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>7</version><relativePath>x/pom.xml</relativePath></parent>
            <artifactId>a</artifactId><version>1</version><dependencies>
            <dependency><groupId>x</groupId><artifactId>y</artifactId></dependency>
            <dependency><groupId>x</groupId><artifactId>z</artifactId></dependency>
            <dependency><groupId>x</groupId><artifactId>t</artifactId><version>1</version><scope>test</scope></dependency>
            <dependency><groupId>x</groupId><artifactId>o</artifactId><version>1</version><optional>true</optional></dependency>
            </dependencies></project>"),
        );
        assert_eq!(wanted(&mut snapshot).1, ["g:p"]);
        snapshot.publish(
            "g:p",
            "7",
            Some("<project><groupId>g</groupId><artifactId>p</artifactId><version>7</version><dependencyManagement><dependencies>
            <dependency><groupId>x</groupId><artifactId>y</artifactId><version>3</version></dependency>
            <dependency><groupId>g</groupId><artifactId>b</artifactId><version>9</version><type>pom</type><scope>import</scope></dependency>
            </dependencies></dependencyManagement></project>"),
        );
        assert_eq!(wanted(&mut snapshot).1, ["g:b"]);
        snapshot.publish(
            "g:b",
            "9",
            Some("<project><groupId>g</groupId><artifactId>b</artifactId><version>9</version><dependencyManagement><dependencies>
            <dependency><groupId>x</groupId><artifactId>z</artifactId><version>4</version></dependency>
            </dependencies></dependencyManagement></project>"),
        );
        let (found, wanted) = wanted(&mut snapshot);
        let expected =
            [("x:y", "3"), ("x:z", "4")].map(|(name, version)| (name.to_owned(), version.to_owned()));
        assert_eq!(found, Some(BTreeMap::from(expected)));
        assert!(wanted.is_empty());
        // One that the repository does not have is not asked for again.
        snapshot.publish("g:b", "9", None);
        assert!(snapshot.take_wanted().poms.is_empty());
    }
}
